#include "mesh/cluster/cluster_table.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "mesh/cluster/live_cluster.h"

namespace mesh::cluster {
namespace {

class LiveClusterTable final : public ClusterTable {
 public:
  explicit LiveClusterTable(Options options) {
    context_.mailbox = std::make_shared<Mailbox>(options.serializer);
    context_.seed = options.random->Next();
    pool_ = std::make_unique<ConnectionPool>(options.connector, context_.mailbox, options.reaper);
    context_.pool = pool_.get();
    context_.options = std::move(options);
  }

  ~LiveClusterTable() override {
    // Those that nobody holds any more, so that all others are in the map.
    context_.mailbox->Deliver();
    for (auto& [key, entry] : clusters_) entry.cluster->Close();
    // Before the mailbox, beyond whose end an unused connection dies elsewhere.
    pool_ = nullptr;
    context_.mailbox->Close();
  }

  std::shared_ptr<Cluster> Apply(const model::ClusterConfig& config) override {
    Entry& entry = clusters_[config.key];
    std::shared_ptr<Cluster> held = entry.held.lock();
    if (held == nullptr) {
      // A former one of that key is on its way to the serializer to be taken down.
      entry.cluster = new LiveCluster(&context_, config.key);
      held = std::shared_ptr<Cluster>(
          entry.cluster, [this, mailbox = context_.mailbox, cluster = entry.cluster](Cluster*) {
            // After Close() there is nothing left in it that any thread may not destroy.
            if (!mailbox->Post([this, cluster] { TakeDown(cluster); })) delete cluster;
          });
      entry.held = held;
    }
    entry.cluster->Update(config);
    return held;
  }

  size_t size() const override { return clusters_.size(); }

 private:
  struct Entry {
    std::weak_ptr<Cluster> held;
    LiveCluster* cluster = nullptr;
  };

  void TakeDown(LiveCluster* cluster) {
    const auto found = clusters_.find(cluster->key());
    if (found != clusters_.end() && found->second.cluster == cluster) clusters_.erase(found);
    delete cluster;
  }

  LiveCluster::Context context_;
  std::unique_ptr<ConnectionPool> pool_;
  absl::flat_hash_map<model::ClusterKey, Entry> clusters_;
};

}  // namespace

std::unique_ptr<ClusterTable> ClusterTable::Create(Options options) {
  return std::make_unique<LiveClusterTable>(std::move(options));
}

}  // namespace mesh::cluster
