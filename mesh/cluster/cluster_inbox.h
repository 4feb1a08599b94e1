#ifndef MESH_CLUSTER_CLUSTER_INBOX_H_
#define MESH_CLUSTER_CLUSTER_INBOX_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "mesh/cluster/endpoint.h"
#include "mesh/cluster/mailbox.h"

namespace mesh::cluster {

class LiveCluster;

// What threads that call tell a cluster, which may have gone by then. Thread-safe, but for what
// says otherwise.
class ClusterInbox final : public Endpoint::Suspicion,
                           public std::enable_shared_from_this<ClusterInbox> {
 public:
  ClusterInbox(std::shared_ptr<Mailbox> mailbox, LiveCluster* cluster)
      : mailbox_(std::move(mailbox)), cluster_(cluster) {}

  // A call wants an endpoint. Only the first one is told to the cluster.
  void AskForConnections();
  // The same of a subset: its first call.
  void AskForSubset(uint64_t id);
  // Has the cluster look at the endpoint's connection.
  void OnCallFailed(Endpoint* endpoint) override;
  void OnFailuresInARow(Endpoint* endpoint, Crossings crossings) override;
  void OnStall(Endpoint* endpoint) override;

  // Serializer-bound. Null when it has gone.
  LiveCluster* cluster() const { return cluster_; }
  void ForgetCluster() { cluster_ = nullptr; }

 private:
  const std::shared_ptr<Mailbox> mailbox_;
  std::atomic<bool> asked_{false};
  LiveCluster* cluster_;  // serializer-bound
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_CLUSTER_INBOX_H_
