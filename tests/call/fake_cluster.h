#ifndef TESTS_CALL_FAKE_CLUSTER_H_
#define TESTS_CALL_FAKE_CLUSTER_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "mesh/base/mutex.h"
#include "mesh/cluster/cluster.h"
#include "mesh/cluster/cluster_table.h"

namespace mesh::call::testing {

// A cluster whose answers the test chooses. Picks go round its endpoints in the order they were
// added, first those that the call has not tried. Thread-safe but for the observers.
class FakeCluster final : public cluster::Cluster {
 public:
  explicit FakeCluster(std::string name) : name_(std::move(name)) {}

  // The endpoints outlive the cluster's picks. None: picks are Pending, or Failed with `failure`.
  void Set(std::vector<cluster::Endpoint*> endpoints, absl::Status failure = absl::OkStatus()) {
    MutexLock lock(&mutex_);
    endpoints_ = std::move(endpoints);
    failure_ = std::move(failure);
    next_ = 0;
  }
  // Serializer-bound.
  void NotifyObservers() {
    const std::vector<Observer*> observers = observers_;
    for (Observer* observer : observers) observer->OnPickerChanged();
  }
  size_t observers() const { return observers_.size(); }
  int connects() const { return connects_; }
  // What the picks so far were asked to follow.
  std::vector<std::optional<uint64_t>> hashes() const {
    MutexLock lock(&mutex_);
    return hashes_;
  }

  const std::string& name() const override { return name_; }

  cluster::PickResult Pick(const cluster::PickRequest& request, const EpochReader&) const override {
    MutexLock lock(&mutex_);
    hashes_.push_back(request.hash);
    if (!failure_.ok()) return cluster::Failed{failure_};
    if (endpoints_.empty()) return cluster::Pending{};
    const size_t first = next_++;
    for (size_t i = 0; i < endpoints_.size(); ++i) {
      cluster::Endpoint* const endpoint = endpoints_[(first + i) % endpoints_.size()];
      if (std::find(request.tried.begin(), request.tried.end(), endpoint) == request.tried.end()) {
        return cluster::Picked{cluster::Permit(endpoint)};
      }
    }
    return cluster::Picked{cluster::Permit(endpoints_[first % endpoints_.size()])};
  }

  absl::StatusOr<cluster::LimitHold> Wait(model::RoutingPriority,
                                          const EpochReader&) const override {
    return cluster::LimitHold();
  }
  void Connect() override { ++connects_; }
  void AddObserver(Observer* observer) override { observers_.push_back(observer); }
  void RemoveObserver(Observer* observer) override {
    observers_.erase(std::remove(observers_.begin(), observers_.end(), observer), observers_.end());
  }
  Snapshot::Cluster snapshot() const override {
    MutexLock lock(&mutex_);
    Snapshot::Cluster snapshot;
    snapshot.name = name_;
    snapshot.state = !failure_.ok() ? "failing" : endpoints_.empty() ? "connecting" : "ready";
    return snapshot;
  }

 private:
  const std::string name_;
  std::vector<Observer*> observers_;
  int connects_ = 0;
  mutable Mutex mutex_;
  std::vector<cluster::Endpoint*> endpoints_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  mutable size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  mutable std::vector<std::optional<uint64_t>> hashes_ ABSL_GUARDED_BY(mutex_);
};

// Knows one cluster, whatever it is asked for.
class FakeClusterTable final : public cluster::ClusterTable {
 public:
  explicit FakeClusterTable(std::shared_ptr<FakeCluster> cluster) : cluster_(std::move(cluster)) {}
  std::shared_ptr<cluster::Cluster> Apply(const model::ClusterConfig&,
                                          const std::shared_ptr<cluster::Cluster>&) override {
    return cluster_;
  }
  size_t size() const override { return 1; }

 private:
  const std::shared_ptr<FakeCluster> cluster_;
};

}  // namespace mesh::call::testing

#endif  // TESTS_CALL_FAKE_CLUSTER_H_
