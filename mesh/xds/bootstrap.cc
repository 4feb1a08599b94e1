#include "mesh/xds/bootstrap.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mesh/xds/json.h"

namespace mesh::xds {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;

// Reads the parts of a bootstrap; notes every error and every key that it does not know.
class BootstrapReader {
 public:
  absl::StatusOr<Bootstrap> Read(const Struct& root);

 private:
  NodeConfig ReadNode(const Struct& object);
  std::vector<ServerConfig> ReadServers(const ListValue& list, const std::string& key);
  ServerConfig ReadServer(const Struct& object);
  ChannelCredentials ReadCredentials(const ListValue& list);
  ChannelCredentials ReadTls(const Struct& config);
  std::map<std::string, AuthorityConfig> ReadAuthorities(const Struct& object);
  std::map<std::string, CertificateProviderConfig> ReadProviders(const Struct& object);

  FieldErrors errors_;
  std::vector<std::string> unknown_;
};

absl::StatusOr<Bootstrap> BootstrapReader::Read(const Struct& root) {
  Bootstrap bootstrap;
  const FieldErrors::Scope scope(&errors_, "$");
  JsonObject object(&root, &errors_);
  if (root.fields().count("xds_servers") == 0) errors_.Add("xds_servers", "missing");
  if (const ListValue* const servers = object.List("xds_servers")) {
    if (servers->values_size() == 0) errors_.Add("xds_servers", "empty");
    bootstrap.servers = ReadServers(*servers, "xds_servers");
  }
  if (const Struct* const node = object.Object("node")) bootstrap.node = ReadNode(*node);
  if (const Struct* const providers = object.Object("certificate_providers")) {
    bootstrap.certificate_providers = ReadProviders(*providers);
  }
  if (const Struct* const authorities = object.Object("authorities")) {
    bootstrap.authorities = ReadAuthorities(*authorities);
  }
  const std::string name_template = object.String("client_default_listener_resource_name_template");
  if (!name_template.empty()) bootstrap.listener_name_template = name_template;
  object.AppendUnknown(&unknown_);
  if (!errors_.ok()) return errors_.ToStatus(absl::StatusCode::kInvalidArgument, "bootstrap");
  bootstrap.unknown_fields = std::move(unknown_);
  return bootstrap;
}

NodeConfig BootstrapReader::ReadNode(const Struct& node) {
  NodeConfig config;
  const FieldErrors::Scope scope(&errors_, "node");
  JsonObject object(&node, &errors_);
  config.id = object.String("id");
  config.cluster = object.String("cluster");
  if (const Struct* const locality = object.Object("locality")) {
    const FieldErrors::Scope locality_scope(&errors_, "locality");
    JsonObject fields(locality, &errors_);
    config.region = fields.String("region");
    config.zone = fields.String("zone");
    config.sub_zone = fields.String("sub_zone");
    fields.AppendUnknown(&unknown_);
  }
  if (const Struct* const metadata = object.Object("metadata")) {
    config.metadata = metadata->SerializeAsString();
  }
  object.AppendUnknown(&unknown_);
  return config;
}

std::vector<ServerConfig> BootstrapReader::ReadServers(const ListValue& list,
                                                       const std::string& key) {
  std::vector<ServerConfig> servers;
  for (int i = 0; i < list.values_size(); ++i) {
    const FieldErrors::Scope scope(&errors_, key, static_cast<size_t>(i));
    if (const Struct* const server = ObjectAt(list, i, &errors_)) {
      servers.push_back(ReadServer(*server));
    }
  }
  return servers;
}

ServerConfig BootstrapReader::ReadServer(const Struct& server) {
  ServerConfig config;
  JsonObject object(&server, &errors_);
  config.server_uri = object.RequiredString("server_uri");
  if (server.fields().count("channel_creds") == 0) errors_.Add("channel_creds", "missing");
  if (const ListValue* const credentials = object.List("channel_creds")) {
    config.credentials = ReadCredentials(*credentials);
  }
  config.server_features = object.Strings("server_features");
  for (const std::string& feature : config.server_features) {
    if (feature == "ignore_resource_deletion") config.ignore_resource_deletion = true;
    if (feature == "fail_on_data_errors") config.fail_on_data_errors = true;
    if (feature == "resource_timer_is_transient_error") {
      config.resource_timer_is_transient_error = true;
    }
  }
  object.AppendUnknown(&unknown_);
  return config;
}

// The first that is supported counts (gRFC A27).
ChannelCredentials BootstrapReader::ReadCredentials(const ListValue& list) {
  ChannelCredentials credentials;
  std::vector<std::string> unsupported;
  bool found = false;
  const size_t errors_before = errors_.size();
  for (int i = 0; i < list.values_size(); ++i) {
    const FieldErrors::Scope scope(&errors_, "channel_creds", static_cast<size_t>(i));
    const Struct* const element = ObjectAt(list, i, &errors_);
    if (element == nullptr) continue;
    JsonObject object(element, &errors_);
    const std::string type = object.RequiredString("type");
    const Struct* const config = object.Object("config");
    object.AppendUnknown(&unknown_);
    if (found || type.empty()) continue;
    if (type == "insecure") {
      found = true;
    } else if (type == "tls") {
      found = true;
      credentials = ReadTls(config == nullptr ? Struct::default_instance() : *config);
    } else {
      unsupported.push_back(absl::StrCat("\"", type, "\""));
    }
  }
  if (!found && errors_.size() == errors_before) {
    errors_.Add("channel_creds",
                unsupported.empty()
                    ? std::string("empty")
                    : absl::StrCat("none is supported of ", absl::StrJoin(unsupported, ", ")));
  }
  return credentials;
}

// gRFC A65.
ChannelCredentials BootstrapReader::ReadTls(const Struct& config) {
  ChannelCredentials credentials;
  credentials.type = ChannelCredentials::Type::kTls;
  const FieldErrors::Scope scope(&errors_, "config");
  JsonObject object(&config, &errors_);
  credentials.ca_certificate_file = object.String("ca_certificate_file");
  credentials.certificate_file = object.String("certificate_file");
  credentials.private_key_file = object.String("private_key_file");
  if (credentials.certificate_file.empty() != credentials.private_key_file.empty()) {
    errors_.Add(credentials.certificate_file.empty() ? "certificate_file" : "private_key_file",
                "missing, but the other of the pair is set");
  }
  object.AppendUnknown(&unknown_);
  return credentials;
}

// gRFC A47.
std::map<std::string, AuthorityConfig> BootstrapReader::ReadAuthorities(const Struct& authorities) {
  std::map<std::string, AuthorityConfig> configs;
  const FieldErrors::Scope scope(&errors_, "authorities");
  for (const auto& [name, authority] : JsonObject(&authorities, &errors_).Objects()) {
    const FieldErrors::Scope name_scope(&errors_, absl::StrCat("[\"", name, "\"]"));
    AuthorityConfig config;
    JsonObject object(authority, &errors_);
    const std::string prefix = absl::StrCat("xdstp://", name, "/");
    const std::string key = "client_listener_resource_name_template";
    config.client_listener_resource_name_template = object.String(key);
    if (config.client_listener_resource_name_template.empty()) {
      config.client_listener_resource_name_template =
          absl::StrCat(prefix, "envoy.config.listener.v3.Listener/%s");
    } else if (!absl::StartsWith(config.client_listener_resource_name_template, prefix)) {
      errors_.Add(key, absl::StrCat("does not start with \"", prefix, "\""));
    }
    if (const ListValue* const servers = object.List("xds_servers")) {
      config.servers = ReadServers(*servers, "xds_servers");
    }
    object.AppendUnknown(&unknown_);
    configs.emplace(name, std::move(config));
  }
  return configs;
}

// gRFC A29.
std::map<std::string, CertificateProviderConfig> BootstrapReader::ReadProviders(
    const Struct& providers) {
  std::map<std::string, CertificateProviderConfig> configs;
  const FieldErrors::Scope scope(&errors_, "certificate_providers");
  for (const auto& [name, provider] : JsonObject(&providers, &errors_).Objects()) {
    const FieldErrors::Scope name_scope(&errors_, absl::StrCat("[\"", name, "\"]"));
    CertificateProviderConfig config;
    JsonObject object(provider, &errors_);
    config.plugin_name = object.RequiredString("plugin_name");
    const Struct* const json = object.Object("config");
    config.config_json = json == nullptr ? "{}" : ToJson(*json);
    object.AppendUnknown(&unknown_);
    configs.emplace(name, std::move(config));
  }
  return configs;
}

}  // namespace

absl::StatusOr<Bootstrap> Bootstrap::FromJson(absl::string_view json) {
  const absl::StatusOr<Struct> root = ParseJsonObject(json);
  if (!root.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("bootstrap: ", root.status().message()));
  }
  return BootstrapReader().Read(*root);
}

}  // namespace mesh::xds
