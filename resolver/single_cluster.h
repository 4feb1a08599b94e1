#ifndef RESOLVER_SINGLE_CLUSTER_H_
#define RESOLVER_SINGLE_CLUSTER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/model/service_config.h"

namespace mesh::resolver {

// The configuration of a target that is no more than addresses: every path goes to one cluster,
// round robin, all endpoints alike. `kind`, such as `dns`, is the authority of the cluster's key;
// `name` is the cluster's and the virtual host's name.
std::shared_ptr<const model::ServiceConfig> NewSingleCluster(
    absl::string_view kind, absl::string_view name, const std::vector<std::string>& addresses);

// `previous` with other addresses and no ambient error. The rest is shared.
std::shared_ptr<const model::ServiceConfig> WithAddresses(
    const model::ServiceConfig& previous, const std::vector<std::string>& addresses);
// `previous` with another ambient error of its cluster. The rest is shared.
std::shared_ptr<const model::ServiceConfig> WithAmbient(const model::ServiceConfig& previous,
                                                        const absl::Status& ambient);

}  // namespace mesh::resolver

#endif  // RESOLVER_SINGLE_CLUSTER_H_
