#ifndef RESOLVER_DNS_CARES_LOOKUP_H_
#define RESOLVER_DNS_CARES_LOOKUP_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "resolver/dns/host_resolver.h"

namespace mesh::resolver {

// Looks `host` up as NewCaresHostResolver() says, in the calling thread. While it waits, it reads
// `wake`, a file descriptor, to know when to ask `is_cancelled`, which is asked at the start too;
// the answer is CANCELLED then. Thread-safe.
absl::StatusOr<HostResolver::Answer> LookUpWithCares(const std::string& host,
                                                     HostResolver::Family family,
                                                     const std::string& server, int wake,
                                                     const std::function<bool()>& is_cancelled);

}  // namespace mesh::resolver

#endif  // RESOLVER_DNS_CARES_LOOKUP_H_
