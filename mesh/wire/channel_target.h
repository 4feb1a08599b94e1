#ifndef MESH_WIRE_CHANNEL_TARGET_H_
#define MESH_WIRE_CHANNEL_TARGET_H_

#include <string>

#include "absl/strings/string_view.h"

namespace mesh::wire {

// The gRPC target that stands for one endpoint's address:
//
//   10.0.0.1:80         ipv4:///10.0.0.1:80         peer(), connected: ipv4:10.0.0.1:80
//   [2001:db8::1]:80    ipv6:///[2001:db8::1]:80    (brackets percent-encoded)
//   unix:/run/a.sock    unix:///run/a.sock
//   host.example:80     dns:///host.example:80
//
// With three slashes gRPC's text for a call's peer differs as long as no transport took it.
std::string EndpointTarget(absl::string_view address);

// The gRPC target of a control plane's `server_uri`. gRPC C++ does not know Go's `passthrough`
// scheme, which is what it does with a bare address anyway.
std::string ServerTarget(absl::string_view server_uri);

}  // namespace mesh::wire

#endif  // MESH_WIRE_CHANNEL_TARGET_H_
