#include "mesh/xds/resources/declared_fields.h"

namespace mesh::xds {

absl::string_view ToString(Disposition disposition) {
  switch (disposition) {
    case Disposition::kHonoured:
      return "honoured";
    case Disposition::kAdvisory:
      return "advisory";
    case Disposition::kMustUnderstand:
      return "must-understand";
  }
  return "unknown";
}

std::vector<MessageDeclaration> AllFields() {
  std::vector<MessageDeclaration> all;
  for (const absl::Span<const MessageDeclaration> messages :
       {ListenerFields(), RouteFields(), ClusterFields(), BalancingFields(), LimitFields(),
        ConnectionFields(), HealthCheckFields(), EndpointFields(), CoreFields()}) {
    all.insert(all.end(), messages.begin(), messages.end());
  }
  return all;
}

}  // namespace mesh::xds
