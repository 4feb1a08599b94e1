#ifndef MESH_XDS_RESOURCE_TYPE_H_
#define MESH_XDS_RESOURCE_TYPE_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mesh::xds {

// A decoded resource. The client keeps it and hands it on; only its type's watchers know what it
// is. Immutable.
class Resource {
 public:
  virtual ~Resource() = default;
};

// What became of the bytes of one resource. `name` is empty only if it could not be found out.
// Either `resource` is set, or `error` says everything that is wrong with it.
struct DecodeResult {
  std::string name;
  std::shared_ptr<const Resource> resource;
  absl::Status error;
};

// A kind of resource: its type URL, and how its bytes become a value. The client is generic: it
// knows no more of resources than this. Immutable, thread-safe.
class ResourceType {
 public:
  // The last good resource of that name, or null.
  using Previous =
      absl::FunctionRef<std::shared_ptr<const Resource>(absl::string_view resource_name)>;

  virtual ~ResourceType() = default;

  // `type.googleapis.com/envoy.config.listener.v3.Listener`.
  virtual absl::string_view type_url() const = 0;
  // Whether a state-of-the-world response holds all subscribed resources, so that a missing one
  // was deleted (Listener, Cluster).
  virtual bool absence_is_deletion() const = 0;
  // Decodes the value of one Any (never a `Resource` wrapper). A decoder may share with the
  // previous value what did not change, and returns the very same pointer if nothing did.
  virtual DecodeResult Decode(absl::string_view bytes, Previous previous) const = 0;
};

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCE_TYPE_H_
