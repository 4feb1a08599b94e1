#include "resolver/xds/cluster_graph.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mesh::resolver {
namespace {

class Walk {
 public:
  explicit Walk(absl::FunctionRef<const model::Cluster*(absl::string_view)> find) : find_(find) {}

  void Visit(absl::string_view cluster) {
    const auto above = std::find(path_.begin(), path_.end(), cluster);
    if (above != path_.end()) {
      Fail("clusters aggregate each other", above, cluster);
      return;
    }
    if (path_.size() == kMostClustersInEachOther) {
      Fail(absl::StrCat("more than ", kMostClustersInEachOther, " clusters in each other"),
           path_.begin(), cluster);
      return;
    }
    if (!met_.insert(cluster).second) return;
    const model::Cluster* found = find_(cluster);
    if (found == nullptr || found->type != model::ClusterType::kAggregate) {
      leaves_.clusters.emplace_back(cluster);
      return;
    }
    path_.push_back(cluster);
    for (const std::string& child : found->aggregated) Visit(child);
    path_.pop_back();
  }

  ClusterLeaves Finish() { return std::move(leaves_); }

 private:
  using Path = std::vector<absl::string_view>;

  void Fail(absl::string_view what, Path::const_iterator from, absl::string_view last) {
    if (!leaves_.error.ok()) return;
    leaves_.error =
        absl::UnavailableError(absl::StrCat("cluster \"", path_.front(), "\": ", what, ": ",
                                            absl::StrJoin(from, path_.cend(), " > "), " > ", last));
  }

  const absl::FunctionRef<const model::Cluster*(absl::string_view)> find_;
  ClusterLeaves leaves_;
  Path path_;                        // from the root
  std::set<absl::string_view> met_;  // each was visited once
};

}  // namespace

ClusterLeaves FindLeaves(absl::string_view root,
                         absl::FunctionRef<const model::Cluster*(absl::string_view cluster)> find) {
  Walk walk(find);
  walk.Visit(root);
  return walk.Finish();
}

}  // namespace mesh::resolver
