#ifndef RESOLVER_DNS_CARES_HOST_RESOLVER_H_
#define RESOLVER_DNS_CARES_HOST_RESOLVER_H_

#include <memory>
#include <string>

#include "mesh/base/serializer.h"
#include "resolver/dns/host_resolver.h"

namespace mesh::resolver {

// Asks the hosts file, then DNS (A and AAAA records), through c-ares, each query on a thread of its
// own for as long as it takes. The system's configuration is read anew for each. `server` is the
// address and port of the DNS server to ask, such as `10.0.0.1:53`; empty: the system's. A server
// has 2 s to answer, then twice and four times that. Destroying a query waits for its thread, but
// not for an answer. `serializer` outlives all queries.
std::unique_ptr<HostResolver> NewCaresHostResolver(Serializer* serializer, std::string server);

}  // namespace mesh::resolver

#endif  // RESOLVER_DNS_CARES_HOST_RESOLVER_H_
