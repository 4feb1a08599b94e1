#ifndef RESOLVER_XDS_DNS_ENDPOINTS_H_
#define RESOLVER_XDS_DNS_ENDPOINTS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "mesh/model/cluster.h"
#include "mesh/model/endpoints.h"
#include "resolver/dns/host_resolver.h"
#include "resolver/dns/host_table.h"

namespace mesh::resolver {

// By host; null: it has none.
using AddressesByHost =
    absl::btree_map<std::string, std::shared_ptr<const HostResolver::Addresses>>;

// `named` with an endpoint for each address of a name in place of the name's own, which they take
// after but for the address; a name without addresses has none. What is an address already stays,
// and a locality without names is shared. The name is the host name of its endpoints unless they
// have another.
std::shared_ptr<const model::ClusterLoadAssignment> ReplaceNames(
    const model::ClusterLoadAssignment& named, const AddressesByHost& addresses);

// The endpoints of a cluster some of which have names, with their addresses. Serializer-bound.
class DnsEndpoints {
 public:
  // `hosts` outlives this. `changed` is as in HostTable::Find().
  DnsEndpoints(HostTable* hosts, const model::DnsOptions& options, std::function<void()> changed);

  // The endpoints with their names from now on. Of a name that was there before the addresses are
  // known already. REQUIRES: before anything else.
  void SetNamed(std::shared_ptr<const model::ClusterLoadAssignment> named);

  // Whether there was an answer for each host, be it an error.
  bool is_known() const;
  // The endpoints now, the same value as before if nothing changed; null: there are names, but no
  // address (see error()).
  std::shared_ptr<const model::ClusterLoadAssignment> endpoints();
  // UNAVAILABLE: the hosts whose last question failed, and why. OK: none did.
  absl::Status error() const;

 private:
  HostTable* const table_;
  const model::DnsOptions options_;
  const std::function<void()> changed_;
  std::shared_ptr<const model::ClusterLoadAssignment> named_;
  absl::btree_map<std::string, std::unique_ptr<HostTable::Watch>> hosts_;
  AddressesByHost addresses_;  // that endpoints_ was made of
  std::shared_ptr<const model::ClusterLoadAssignment> endpoints_;
};

}  // namespace mesh::resolver

#endif  // RESOLVER_XDS_DNS_ENDPOINTS_H_
