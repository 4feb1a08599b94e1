#include "mesh/cluster/cluster_table.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "mesh/cluster/aggregate_cluster.h"
#include "mesh/cluster/connection_set.h"
#include "mesh/cluster/live_cluster.h"

namespace mesh::cluster {
namespace {

class LiveClusterTable final : public ClusterTable {
 public:
  explicit LiveClusterTable(Options options) {
    context_.mailbox = std::make_shared<Mailbox>(options.serializer);
    context_.seed = options.random->Next();
    ConnectionSet::Context connections;
    connections.connector = options.connector;
    connections.serializer = options.serializer;
    connections.random = options.random;
    connections.mailbox = context_.mailbox;
    pool_ = std::make_unique<ConnectionPool>(std::move(connections),
                                             options.connection_attempt_delay, options.reaper);
    context_.pool = pool_.get();
    context_.options = std::move(options);
  }

  ~LiveClusterTable() override {
    // Those that nobody holds any more, so that all others are in the maps.
    context_.mailbox->Deliver();
    for (auto& [key, entry] : aggregates_) entry.cluster->Close();
    for (auto& [key, entry] : clusters_) entry.cluster->Close();
    // Before the mailbox, beyond whose end an unused connection dies elsewhere.
    pool_ = nullptr;
    context_.mailbox->Close();
  }

  std::shared_ptr<Cluster> Apply(const model::ClusterConfig& config) override {
    if (!config.children.empty()) return ApplyAggregate(config);
    std::shared_ptr<Cluster> held = clusters_[config.key].held.lock();
    if (held == nullptr) {
      // A former one of that key is on its way to the serializer to be taken down.
      held = Hold(new LiveCluster(&context_, config.key), config.key, &clusters_);
    }
    clusters_[config.key].cluster->Update(config);
    return held;
  }

  size_t size() const override { return clusters_.size() + aggregates_.size(); }

 private:
  template <typename T>
  struct Entry {
    std::weak_ptr<Cluster> held;
    T* cluster = nullptr;
  };
  template <typename T>
  using Entries = absl::flat_hash_map<model::ClusterKey, Entry<T>>;

  std::shared_ptr<Cluster> ApplyAggregate(const model::ClusterConfig& config) {
    std::vector<AggregateCluster::Child> children;
    for (const std::shared_ptr<const model::ClusterConfig>& child : config.children) {
      children.push_back({Apply(*child), PrioritiesOf(*child)});
    }
    std::shared_ptr<Cluster> held = aggregates_[config.key].held.lock();
    if (held == nullptr) {
      held = Hold(new AggregateCluster(context_.options.serializer, context_.options.epochs,
                                       config.key.cluster),
                  config.key, &aggregates_);
    }
    aggregates_[config.key].cluster->Update(children, config.ambient);
    return held;
  }

  static uint32_t PrioritiesOf(const model::ClusterConfig& config) {
    uint32_t count = 1;
    if (config.endpoints == nullptr) return count;
    for (const auto& locality : config.endpoints->localities) {
      count = std::max(count, locality->priority + 1);
    }
    return count;
  }

  // Takes `cluster` into `entries`, and out of them when its last holder is gone.
  template <typename T>
  std::shared_ptr<Cluster> Hold(T* cluster, const model::ClusterKey& key, Entries<T>* entries) {
    std::shared_ptr<Cluster> held(
        cluster, [mailbox = context_.mailbox, cluster, key, entries](Cluster*) {
          // After Close() there is nothing left in it that any thread may not destroy.
          const bool posted = mailbox->Post([cluster, key, entries] {
            const auto found = entries->find(key);
            if (found != entries->end() && found->second.cluster == cluster) entries->erase(found);
            delete cluster;
          });
          if (!posted) delete cluster;
        });
    Entry<T>& entry = (*entries)[key];
    entry.held = held;
    entry.cluster = cluster;
    return held;
  }

  LiveCluster::Context context_;
  std::unique_ptr<ConnectionPool> pool_;
  Entries<LiveCluster> clusters_;
  Entries<AggregateCluster> aggregates_;
};

}  // namespace

std::unique_ptr<ClusterTable> ClusterTable::Create(Options options) {
  return std::make_unique<LiveClusterTable>(std::move(options));
}

}  // namespace mesh::cluster
