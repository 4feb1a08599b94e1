#ifndef RESOLVER_DNS_HOST_RESOLVER_H_
#define RESOLVER_DNS_HOST_RESOLVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mesh::resolver {

// Finds the addresses of hosts. Serializer-bound.
class HostResolver {
 public:
  // IPv4 and IPv6, numeric, without brackets (`::1`, `fe80::1%2`), each once; never empty.
  using Addresses = std::vector<std::string>;
  using Done = std::function<void(absl::StatusOr<Addresses>)>;

  // A question that waits for its answer; destroying it takes it back.
  class Query {
   public:
    virtual ~Query() = default;
  };

  virtual ~HostResolver() = default;
  // Calls `done` once on the serializer, never inside this call, unless the query is destroyed
  // before (it may be inside `done`). Error: UNAVAILABLE, why there is no address; it does not
  // name the host.
  virtual std::unique_ptr<Query> Lookup(absl::string_view host, Done done) = 0;
};

}  // namespace mesh::resolver

#endif  // RESOLVER_DNS_HOST_RESOLVER_H_
