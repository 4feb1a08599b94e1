#ifndef RESOLVER_STATIC_STATIC_RESOLVER_H_
#define RESOLVER_STATIC_STATIC_RESOLVER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "mesh/base/serializer.h"
#include "resolver/resolver.h"

namespace mesh::resolver {

// Resolves a target such as `static:///10.0.0.1:80,[::1]:80,name:80,unix:/path` to the addresses
// of its name, all of one cluster and of one weight. `serializer` outlives the resolver.
// Error: everything that is wrong with the list, each with its index.
absl::StatusOr<std::unique_ptr<Resolver>> NewStaticResolver(Serializer* serializer,
                                                            const Target& target);

}  // namespace mesh::resolver

#endif  // RESOLVER_STATIC_STATIC_RESOLVER_H_
