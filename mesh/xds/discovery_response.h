#ifndef MESH_XDS_DISCOVERY_RESPONSE_H_
#define MESH_XDS_DISCOVERY_RESPONSE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mesh::xds {

// One resource of a response, out of its Any and, if it was wrapped in one, out of its
// envoy.service.discovery.v3.Resource. Views of the response's bytes.
struct ResourceView {
  absl::string_view type_url;  // of the resource itself
  absl::string_view bytes;
  absl::string_view wrapper_name;  // as the wrapper says; may be empty
  bool malformed = false;          // the Any or the wrapper could not be read
};

// What the control plane says of a resource that it does not give (gRFC A88).
struct ResourceErrorView {
  absl::string_view name;
  int code = 0;  // google.rpc.Code
  absl::string_view message;
};

// An envoy.service.discovery.v3.DiscoveryResponse as views of its bytes: a response is many
// megabytes, and nearly all of it is resources that did not change.
struct DiscoveryResponseView {
  absl::string_view version_info;
  absl::string_view type_url;
  absl::string_view nonce;
  std::vector<ResourceView> resources;
  std::vector<ResourceErrorView> errors;

  // `bytes` must outlive the result. Error: not a message at all, or too many resources. What is
  // wrong within a resource is that resource's error.
  static absl::StatusOr<DiscoveryResponseView> Parse(absl::string_view bytes);
};

}  // namespace mesh::xds

#endif  // MESH_XDS_DISCOVERY_RESPONSE_H_
