#ifndef RESOLVER_FIXED_RESOLVER_H_
#define RESOLVER_FIXED_RESOLVER_H_

#include <memory>

#include "mesh/base/serializer.h"
#include "mesh/model/service_config.h"
#include "resolver/resolver.h"

namespace mesh::resolver {

// Says `config` once, soon after its start. `serializer` outlives the resolver.
std::unique_ptr<Resolver> NewFixedResolver(Serializer* serializer,
                                           std::shared_ptr<const model::ServiceConfig> config);

}  // namespace mesh::resolver

#endif  // RESOLVER_FIXED_RESOLVER_H_
