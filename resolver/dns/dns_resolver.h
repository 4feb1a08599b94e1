#ifndef RESOLVER_DNS_DNS_RESOLVER_H_
#define RESOLVER_DNS_DNS_RESOLVER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "mesh/base/clock.h"
#include "mesh/base/random.h"
#include "mesh/base/serializer.h"
#include "resolver/dns/host_resolver.h"
#include "resolver/resolver.h"

namespace mesh::resolver {

struct DnsResolverOptions {
  Serializer* serializer = nullptr;  // all outlive the resolver
  const Clock* clock = nullptr;
  Random* random = nullptr;
};

// Resolves a target such as `dns:///host:port` to the addresses of the host, all of one cluster
// and of one weight; without a port it is 443. A numeric address is not asked for. The target's
// authority is the DNS server to ask, such as `10.0.0.1` or `[::1]:5353`.
//
// As in gRPC: asks at the start, and again when ReResolve() is called, at least 30 s after the
// last time that it asked with success; after a failure by itself, with back-off (1 s to 120 s).
// The last addresses stay in force through failures.
// Error: the name or the authority is not an address; it names the target.
absl::StatusOr<std::unique_ptr<Resolver>> NewDnsResolver(const DnsResolverOptions& options,
                                                         const Target& target);

// The same, which asks `hosts`; the target's authority means nothing then.
absl::StatusOr<std::unique_ptr<Resolver>> NewDnsResolver(const DnsResolverOptions& options,
                                                         const Target& target,
                                                         std::unique_ptr<HostResolver> hosts);

}  // namespace mesh::resolver

#endif  // RESOLVER_DNS_DNS_RESOLVER_H_
