#include "mesh/cluster/cluster_inbox.h"

#include "mesh/cluster/live_cluster.h"

namespace mesh::cluster {

void ClusterInbox::AskForConnections() {
  if (asked_.load(std::memory_order_relaxed)) return;
  if (asked_.exchange(true, std::memory_order_relaxed)) return;
  mailbox_->Post([self = shared_from_this()] {
    if (self->cluster_ != nullptr) self->cluster_->Connect();
  });
}

void ClusterInbox::AskForSubset(uint64_t id) {
  mailbox_->Post([self = shared_from_this(), id] {
    if (self->cluster_ != nullptr) self->cluster_->ConnectSubset(id);
  });
}

void ClusterInbox::OnCallFailed(Endpoint* endpoint) {
  mailbox_->Post([self = shared_from_this(), endpoint] {
    // The endpoint may be gone: the cluster knows.
    if (self->cluster_ != nullptr) self->cluster_->Recheck(endpoint);
  });
}

void ClusterInbox::OnFailuresInARow(Endpoint* endpoint, Crossings crossings) {
  mailbox_->Post([self = shared_from_this(), endpoint, crossings] {
    if (self->cluster_ != nullptr) self->cluster_->health().OnFailuresInARow(endpoint, crossings);
  });
}

void ClusterInbox::OnStall(Endpoint* endpoint) {
  mailbox_->Post([self = shared_from_this(), endpoint] {
    if (self->cluster_ != nullptr) self->cluster_->health().OnStall(endpoint);
  });
}

}  // namespace mesh::cluster
