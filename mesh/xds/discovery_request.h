#ifndef MESH_XDS_DISCOVERY_REQUEST_H_
#define MESH_XDS_DISCOVERY_REQUEST_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/xds/bootstrap.h"

namespace mesh::xds {

// Who speaks: the bootstrap's node, and what we are. Immutable.
struct ClientIdentity {
  NodeConfig node;
  std::string user_agent_name;
  std::string user_agent_version;
  std::vector<std::string> client_features;

  // The serialized envoy.config.core.v3.Node.
  std::string ToNodeBytes() const;
};

// One envoy.service.discovery.v3.DiscoveryRequest.
struct DiscoveryRequest {
  absl::string_view type_url;
  absl::string_view version;  // the last that was accepted, on any stream
  absl::string_view nonce;    // the last that was received on this stream
  const std::vector<std::string>* names = nullptr;
  absl::string_view node;  // serialized; empty after the first request of a stream
  absl::Status error;      // why the response was rejected; OK otherwise

  std::string ToBytes() const;
};

}  // namespace mesh::xds

#endif  // MESH_XDS_DISCOVERY_REQUEST_H_
