#ifndef MESH_XDS_BOOTSTRAP_H_
#define MESH_XDS_BOOTSTRAP_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mesh::xds {

// How to prove who we are to a control plane, and it to us (gRFC A27 `channel_creds`).
struct ChannelCredentials {
  enum class Type { kInsecure, kTls };
  Type type = Type::kInsecure;
  // For kTls (gRFC A65): PEM files; empty: the system's roots, no client certificate.
  std::string ca_certificate_file;
  std::string certificate_file;
  std::string private_key_file;

  bool operator==(const ChannelCredentials& other) const {
    return type == other.type && ca_certificate_file == other.ca_certificate_file &&
           certificate_file == other.certificate_file && private_key_file == other.private_key_file;
  }
};

// One management server (gRFC A27 `xds_servers[]`). Immutable.
struct ServerConfig {
  std::string server_uri;  // any gRPC target: `dns:///istiod:15010`, `unix:///etc/istio/proxy/XDS`
  ChannelCredentials credentials;
  bool ignore_resource_deletion = false;           // gRFC A53
  bool fail_on_data_errors = false;                // gRFC A88
  bool resource_timer_is_transient_error = false;  // gRFC A88
  std::vector<std::string> server_features;        // all of them, known or not

  bool operator==(const ServerConfig& other) const {
    return server_uri == other.server_uri && credentials == other.credentials &&
           server_features == other.server_features;
  }
};

// A federated authority (gRFC A47). Kept; used once federation is.
struct AuthorityConfig {
  std::string client_listener_resource_name_template;
  std::vector<ServerConfig> servers;  // empty: the top-level ones
};

// Where certificates come from (gRFC A29 `certificate_providers`). Kept; used once mTLS is.
struct CertificateProviderConfig {
  std::string plugin_name;
  std::string config_json;
};

// Who we are (envoy.config.core.v3.Node).
struct NodeConfig {
  std::string id;
  std::string cluster;
  std::string region, zone, sub_zone;
  std::string metadata;  // serialized google.protobuf.Struct
};

// gRPC's bootstrap (gRFC A27 and later). Immutable value.
struct Bootstrap {
  std::vector<ServerConfig> servers;  // at least one, in order of preference
  NodeConfig node;
  std::map<std::string, CertificateProviderConfig> certificate_providers;  // by instance name
  std::map<std::string, AuthorityConfig> authorities;                      // by authority
  // `client_default_listener_resource_name_template`; `%s` is the target's name.
  std::string listener_name_template = "%s";
  std::vector<std::string> unknown_fields;  // JSON paths of what is not known here

  // Every error names its JSON path: `bootstrap: $.xds_servers[0].server_uri: missing`.
  static absl::StatusOr<Bootstrap> FromJson(absl::string_view json);
};

}  // namespace mesh::xds

#endif  // MESH_XDS_BOOTSTRAP_H_
