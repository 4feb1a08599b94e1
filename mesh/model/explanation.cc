#include "mesh/model/explanation.h"

namespace mesh {

double Explanation::ShareOf(size_t cluster, size_t locality, size_t endpoint) const {
  const Cluster& drawn = clusters[cluster];
  const Snapshot::LocalityEndpoints& place = drawn.cluster.localities[locality];
  return drawn.share.value() * place.share.value() * place.endpoints[endpoint].share.value();
}

absl::string_view ToString(Explanation::Outcome outcome) {
  switch (outcome) {
    case Explanation::Outcome::kServed:
      return "served";
    case Explanation::Outcome::kPartly:
      return "partly";
    case Explanation::Outcome::kWaits:
      return "waits";
    case Explanation::Outcome::kFails:
      return "fails";
  }
  return "unknown";
}

}  // namespace mesh
