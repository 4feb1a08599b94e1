#ifndef TESTS_CALL_CALL_WORLD_H_
#define TESTS_CALL_CALL_WORLD_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "grpcpp/impl/channel_interface.h"
#include "grpcpp/security/credentials.h"
#include "mesh/base/clock.h"
#include "mesh/base/epoch.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/base/thread_executor.h"
#include "mesh/call/call_environment.h"
#include "mesh/call/channel_core.h"
#include "mesh/call/grpc_parts.h"
#include "mesh/call/interceptor_factories.h"
#include "mesh/wire/pump.h"
#include "tests/call/fake_cluster.h"

namespace mesh::call::testing {

// What a mesh is to calls: real serializer, pump and endpoint channels, one target with one
// cluster that the test controls.
class CallWorld {
 public:
  struct Attempts {
    int ok = 0;
    int failed = 0;
  };

  struct LastAttempt {
    std::string method;
    std::string address;
    absl::Duration latency;
  };

  explicit CallWorld(std::vector<SharedFactory> interceptors = {});
  ~CallWorld();

  // A channel to `test:///service`.
  std::shared_ptr<grpc::ChannelInterface> NewChannel();

  // Adds an endpoint to those of the next Publish().
  cluster::Endpoint* AddEndpoint(const std::string& address,
                                 const std::shared_ptr<grpc::ChannelCredentials>& credentials =
                                     grpc::InsecureChannelCredentials());

  // Waits until all endpoints are connected.
  void Connect();

  // What routes and clusters say from now on. Each returns when it is in force.
  void Publish(std::optional<model::RetryPolicy> retry = {},
               absl::Duration timeout = absl::InfiniteDuration());
  // There are routes, and a cluster without a connected endpoint; or one that cannot have any.
  void PublishPending(absl::Duration timeout = absl::InfiniteDuration());
  void PublishFailing(const absl::Status& status);
  // The target cannot be resolved.
  void PublishError(const absl::Status& status);
  // Only the cluster changes.
  void SetEndpoints(std::vector<cluster::Endpoint*> endpoints,
                    const absl::Status& failure = absl::OkStatus());

  // Called at the end of each attempt, before its call goes on.
  void set_on_attempt(std::function<void()> on_attempt);

  // It is the same moment from now on: what waits for a time waits for good.
  void StopClock() { clock_.Stop(); }

  // As the mesh's destructor does.
  void DestroyMesh();

  // Retries on UNAVAILABLE.
  static model::RetryPolicy Retries(uint32_t retries);

  uint64_t in_flight() const;
  // All attempts that ended.
  Attempts ended() const;
  // The one that ended last.
  LastAttempt last_attempt() const;
  const std::vector<cluster::Endpoint*>& endpoints() const { return endpoints_; }
  ChannelCore& core() { return *core_; }
  std::weak_ptr<ChannelCore> weak_core() { return core_; }
  CallEnvironment& environment() { return *environment_; }
  FakeCluster& cluster() { return *cluster_; }
  Snapshot snapshot();
  void OnSerializer(std::function<void()> task);

 private:
  class FakeResolver;

  void PublishConfig(std::optional<model::RetryPolicy> retry, absl::Duration timeout);

  // The machine's, until it is stopped.
  class Watch final : public Clock {
   public:
    absl::Time Now() const override {
      return std::min(steady_.Now(), absl::FromUnixNanos(stopped_at_));
    }
    void Stop() { stopped_at_ = absl::ToUnixNanos(steady_.Now()); }

   private:
    SteadyClock steady_;
    std::atomic<int64_t> stopped_at_{std::numeric_limits<int64_t>::max()};
  };

  Watch clock_;
  ThreadExecutor executor_;
  const std::shared_ptr<Reaper> reaper_;
  Serializer serializer_;
  const std::shared_ptr<EpochDomain> epochs_;
  std::unique_ptr<wire::Pump> pump_;
  const std::vector<SharedFactory> interceptors_;

  mutable Mutex mutex_;
  Attempts ended_ ABSL_GUARDED_BY(mutex_);
  LastAttempt last_attempt_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> on_attempt_ ABSL_GUARDED_BY(mutex_);

  std::shared_ptr<FakeCluster> cluster_;
  FakeClusterTable clusters_;
  std::shared_ptr<CallEnvironment> environment_;
  FakeResolver* resolver_ = nullptr;
  std::shared_ptr<ChannelCore> core_;
  std::vector<cluster::Endpoint*> endpoints_;
  bool destroyed_ = false;
};

// Waits for what another thread does soon, after it has let the application go on.
bool Eventually(const std::function<bool()>& condition);

}  // namespace mesh::call::testing

#endif  // TESTS_CALL_CALL_WORLD_H_
