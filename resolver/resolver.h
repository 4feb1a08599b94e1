#ifndef RESOLVER_RESOLVER_H_
#define RESOLVER_RESOLVER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mesh/model/service_config.h"

namespace mesh::resolver {

// Hears what a target stands for. Called on the serializer, never inside Resolver's own calls.
class ResolverObserver {
 public:
  virtual ~ResolverObserver() = default;
  // A consistent configuration, in force from now on.
  virtual void OnConfig(std::shared_ptr<const model::ServiceConfig> config) = 0;
  // There is no configuration (any more); calls fail with `status` until one comes.
  virtual void OnError(const absl::Status& status) = 0;
};

// Watches what a target stands for, from Start() until it is destroyed. Serializer-bound.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // REQUIRES: called once. The observer outlives the resolver.
  virtual void Start(ResolverObserver* observer) = 0;
  // Resolves again soon if the target's kind does not watch by itself (DNS).
  virtual void ReResolve() {}
};

// A target such as `xds:///name`, `xds://authority/name`, `dns:///host:port`,
// `static:///a:1,b:2`, in its parts. Immutable value.
struct Target {
  std::string scheme;
  std::string authority;  // may be empty
  std::string name;       // not empty

  // Errors name the target and the cause: unknown scheme, empty name, and so on.
  static absl::StatusOr<Target> Parse(absl::string_view target);
};

}  // namespace mesh::resolver

#endif  // RESOLVER_RESOLVER_H_
