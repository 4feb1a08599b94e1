#ifndef RESOLVER_DNS_HOST_RESOLVER_H_
#define RESOLVER_DNS_HOST_RESOLVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace mesh::resolver {

// Finds the addresses of hosts. Serializer-bound.
class HostResolver {
 public:
  // Which addresses are asked for.
  enum class Family { kAny, kIpv4, kIpv6 };
  // IPv4 and IPv6, numeric, without brackets (`::1`, `fe80::1%2`), each once; never empty.
  using Addresses = std::vector<std::string>;
  struct Answer {
    Addresses addresses;
    // How long they hold: as long as the first record to expire; 0: nothing says.
    absl::Duration ttl = absl::ZeroDuration();
  };
  using Done = std::function<void(absl::StatusOr<Answer>)>;

  // A question that waits for its answer; destroying it takes it back.
  class Query {
   public:
    virtual ~Query() = default;
  };

  virtual ~HostResolver() = default;
  // Calls `done` once on the serializer, never inside this call, unless the query is destroyed
  // before (it may be inside `done`). Error: UNAVAILABLE, why there is no address; it does not
  // name the host.
  virtual std::unique_ptr<Query> Lookup(absl::string_view host, Family family, Done done) = 0;
};

}  // namespace mesh::resolver

#endif  // RESOLVER_DNS_HOST_RESOLVER_H_
