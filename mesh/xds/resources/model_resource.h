#ifndef MESH_XDS_RESOURCES_MODEL_RESOURCE_H_
#define MESH_XDS_RESOURCES_MODEL_RESOURCE_H_

#include <memory>
#include <utility>

#include "mesh/xds/resource_type.h"

namespace mesh::xds {

// A decoded resource that carries a value of the model. Immutable.
template <typename T>
class ModelResource : public Resource {
 public:
  explicit ModelResource(T v) : value(std::move(v)) {}

  const T value;
};

// The value that `resource` carries, keeping it alive; null if `resource` is.
// REQUIRES: `resource` is of the type of ResourceTypes whose values are of type T.
template <typename T>
std::shared_ptr<const T> ModelOf(std::shared_ptr<const Resource> resource) {
  if (resource == nullptr) return nullptr;
  const T* value = &static_cast<const ModelResource<T>*>(resource.get())->value;
  return std::shared_ptr<const T>(std::move(resource), value);
}

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_MODEL_RESOURCE_H_
