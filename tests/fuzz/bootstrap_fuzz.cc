// The bootstrap: any text gives a bootstrap that can be used, or an error that says what is wrong.

#include "absl/strings/match.h"
#include "mesh/xds/bootstrap.h"
#include "tests/fuzz/fuzz_target.h"

namespace mesh::fuzz {

bool IsWireFormat() { return false; }

void RunInput(absl::string_view input) {
  const absl::StatusOr<xds::Bootstrap> bootstrap = xds::Bootstrap::FromJson(input);
  if (!bootstrap.ok()) {
    Require(bootstrap.status().code() == absl::StatusCode::kInvalidArgument, "INVALID_ARGUMENT");
    Require(absl::StartsWith(bootstrap.status().message(), "bootstrap: "),
            "the object comes first");
    return;
  }
  Require(!bootstrap->servers.empty(), "there is a server");
  for (const xds::ServerConfig& server : bootstrap->servers) {
    Require(!server.server_uri.empty(), "a server has an address");
    const xds::ChannelCredentials& credentials = server.credentials;
    Require(credentials.certificate_file.empty() == credentials.private_key_file.empty(),
            "a certificate has its key");
  }
  for (const auto& [name, authority] : bootstrap->authorities) {
    Require(
        absl::StartsWith(authority.client_listener_resource_name_template, "xdstp://" + name + "/"),
        "the listeners of an authority are its own");
  }
}

std::vector<std::string> Seeds() {
  return {
      R"({"xds_servers":[{"server_uri":"dns:///istiod.istio-system.svc:15010",
          "channel_creds":[{"type":"insecure"}],"server_features":["xds_v3"]}],
          "node":{"id":"sidecar~10.0.0.1~reviews.prod~prod.svc.cluster.local","cluster":"reviews",
          "locality":{"region":"r","zone":"z","sub_zone":"s"},
          "metadata":{"GENERATOR":"grpc","NAMESPACE":"prod","LABELS":{"app":"x"},"PORTS":[1,2.5]}}})",
      R"({"xds_servers":[{"server_uri":"unix:///etc/istio/proxy/XDS","channel_creds":[
          {"type":"google_default"},{"type":"tls","config":{"ca_certificate_file":"/ca",
          "certificate_file":"/c","private_key_file":"/k","refresh_interval":"600s"}}],
          "server_features":["ignore_resource_deletion","fail_on_data_errors"]}],
          "certificate_providers":{"default":{"plugin_name":"file_watcher","config":
          {"certificate_file":"/a","private_key_file":"/b","refresh_interval":"900s"}}},
          "server_listener_resource_name_template":"xds.istio.io/grpc/lds/inbound/%s",
          "client_default_listener_resource_name_template":"xdstp://a/l/%s",
          "authorities":{"a":{"client_listener_resource_name_template":"xdstp://a/l/%s",
          "xds_servers":[{"server_uri":"a:1","channel_creds":[{"type":"insecure"}]}]},"":{}}})",
      R"({"xds_servers":[],"node":[[[[[[]]]]]],"\u0000":null})",
      R"({"xds_servers":"x","authorities":{"a":{"client_listener_resource_name_template":"y"}}})",
  };
}

}  // namespace mesh::fuzz
