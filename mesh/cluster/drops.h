#ifndef MESH_CLUSTER_DROPS_H_
#define MESH_CLUSTER_DROPS_H_

#include <cstdint>
#include <vector>

#include "mesh/model/endpoints.h"

namespace mesh::cluster {

// Which calls the control plane wants to fail (envoy ClusterLoadAssignment.Policy.DropOverload).
// The categories apply in their order, each to what the ones before left: 60 % and then 50 % fail
// 60 % and 20 % of all calls. One draw decides for all of them. Immutable, thread-safe.
class Drops {
 public:
  // No call fails.
  Drops() = default;
  explicit Drops(std::vector<model::DropCategory> categories);

  bool empty() const { return ends_.empty(); }
  const std::vector<model::DropCategory>& categories() const { return categories_; }

  // The category that a call fails by, or null. Takes no lock, allocates nothing. `random` is
  // uniform, a fresh one for each call.
  const model::DropCategory* Choose(uint64_t random) const;

 private:
  std::vector<model::DropCategory> categories_;
  // Where the shares of the categories end, of a whole of 2^43. Empty if none drops anything.
  std::vector<uint64_t> ends_;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_DROPS_H_
