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
    for (auto& [cluster, aggregate] : aggregates_) aggregate->Close();
    for (auto& [key, entry] : clusters_) entry.cluster->Close();
    // Before the mailbox, beyond whose end an unused connection dies elsewhere.
    pool_ = nullptr;
    context_.mailbox->Close();
  }

  std::shared_ptr<Cluster> Apply(const model::ClusterConfig& config,
                                 const std::shared_ptr<Cluster>& former) override {
    return config.children.empty() ? ApplyOne(config) : ApplyAggregate(config, former);
  }

  size_t size() const override { return clusters_.size() + aggregates_.size(); }

 private:
  struct Entry {
    std::weak_ptr<Cluster> held;
    LiveCluster* cluster = nullptr;
  };

  std::shared_ptr<Cluster> ApplyOne(const model::ClusterConfig& config) {
    Entry& entry = clusters_[config.key];
    std::shared_ptr<Cluster> held = entry.held.lock();
    if (held == nullptr) {
      // A former one of that key is on its way to the serializer to be taken down.
      entry.cluster = new LiveCluster(&context_, config.key);
      entry.held = held = Hold(entry.cluster, [this, key = config.key](LiveCluster* cluster) {
        const auto found = clusters_.find(key);
        if (found != clusters_.end() && found->second.cluster == cluster) clusters_.erase(found);
      });
    }
    entry.cluster->Update(config);
    return held;
  }

  std::shared_ptr<Cluster> ApplyAggregate(const model::ClusterConfig& config,
                                          const std::shared_ptr<Cluster>& former) {
    std::vector<AggregateCluster::Child> children;
    for (const std::shared_ptr<const model::ClusterConfig>& child : config.children) {
      children.push_back({ApplyOne(*child), PrioritiesOf(*child)});
    }
    std::shared_ptr<Cluster> held = former;
    if (aggregates_.count(former.get()) == 0) {
      auto* const aggregate = new AggregateCluster(context_.options.serializer,
                                                   context_.options.epochs, config.key.cluster);
      aggregates_.emplace(aggregate, aggregate);
      held = Hold(aggregate, [this](AggregateCluster* cluster) { aggregates_.erase(cluster); });
    }
    aggregates_.at(held.get())->Update(children, config.ambient);
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

  // `forget` takes it out of its map when its last holder is gone.
  template <typename T, typename Forget>
  std::shared_ptr<Cluster> Hold(T* cluster, Forget forget) {
    return std::shared_ptr<Cluster>(
        cluster, [mailbox = context_.mailbox, cluster, forget = std::move(forget)](Cluster*) {
          // After Close() there is nothing left in it that any thread may not destroy.
          const bool posted = mailbox->Post([cluster, forget] {
            forget(cluster);
            delete cluster;
          });
          if (!posted) delete cluster;
        });
  }

  LiveCluster::Context context_;
  std::unique_ptr<ConnectionPool> pool_;
  absl::flat_hash_map<model::ClusterKey, Entry> clusters_;
  absl::flat_hash_map<const Cluster*, AggregateCluster*> aggregates_;  // themselves
};

}  // namespace

std::unique_ptr<ClusterTable> ClusterTable::Create(Options options) {
  return std::make_unique<LiveClusterTable>(std::move(options));
}

}  // namespace mesh::cluster
