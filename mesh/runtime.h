#ifndef MESH_RUNTIME_H_
#define MESH_RUNTIME_H_

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "mesh/base/epoch.h"
#include "mesh/base/mutex.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/base/thread_executor.h"
#include "mesh/call/call_environment.h"
#include "mesh/call/channel_core.h"
#include "mesh/cluster/cluster_table.h"
#include "mesh/mesh.h"
#include "mesh/wire/endpoint_prober.h"
#include "mesh/wire/grpc_ads_transport.h"
#include "mesh/wire/grpc_connection.h"
#include "mesh/wire/grpc_load_watcher.h"
#include "mesh/wire/pump.h"
#include "mesh/xds/bootstrap.h"
#include "mesh/xds/resources/types.h"
#include "mesh/xds/xds_client.h"
#include "resolver/dns/host_table.h"
#include "resolver/xds/xds_resolver.h"

namespace mesh {

// The parts of a mesh, tied together: makes them from the top down, and takes them down in the
// opposite order when it is destroyed. Thread-safe.
class Runtime final : public Mesh {
 public:
  // `bootstrap` is none where there are no xDS targets.
  Runtime(Options options, std::optional<xds::Bootstrap> bootstrap);
  ~Runtime() override;

  std::shared_ptr<grpc::ChannelInterface> Channel(absl::string_view target) override;
  std::unique_ptr<Observation> Watch(absl::string_view target, Observer observer) override;
  void Explain(absl::string_view target, CallDescription call, absl::Duration wait,
               std::function<void(const Explanation&)> done) override;

 private:
  struct ObservationState;
  class ObservationHandle;

  // One Mesh::Explain() that was not answered yet. Serializer-bound.
  struct Question {
    CallDescription call;
    std::function<void(const Explanation&)> done;
    Serializer::Timer give_up;
    bool is_due = false;
  };

  // What channels and observations to one target share.
  struct Target {
    std::shared_ptr<call::ChannelCore> core;
    resolver::XdsResolver* xds = nullptr;  // owned by the core; null for other targets
    // Observations and questions that are on their way here. Guarded by the runtime's mutex.
    int arriving = 0;
    // Serializer-bound.
    std::vector<std::shared_ptr<ObservationState>> observations;
    std::list<Question> questions;
    Serializer::Timer look_again;  // whether the last call has ended
  };

  // Runs `arrive` on the serializer with the target, which is kept until then.
  void Send(absl::string_view target,
            absl::AnyInvocable<void(const std::shared_ptr<Target>&)> arrive);
  std::shared_ptr<Target> FindOrStart(absl::string_view target)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::unique_ptr<resolver::Resolver>> NewResolver(absl::string_view target,
                                                                  Target* entry,
                                                                  std::string* authority);
  absl::StatusOr<std::unique_ptr<resolver::Resolver>> NewXdsResolver(const resolver::Target& target,
                                                                     Target* entry);
  void TakeDown();

  // The rest is serializer-bound.
  void ForgetIfUnused(const std::string& target);
  void Observe(const std::shared_ptr<Target>& target, std::shared_ptr<ObservationState> state);
  void NotifySoon();
  void Notify();
  Snapshot SnapshotOf(const Target& target) const;
  void Ask(const std::shared_ptr<Target>& target, Question question, absl::Duration wait);
  void Answer(Target* target);

  const Options options_;
  const std::optional<xds::Bootstrap> bootstrap_;
  const SteadyClock steady_clock_;
  const Clock* const clock_;
  const std::unique_ptr<Random> own_random_;
  Random* const random_;
  std::unique_ptr<ThreadExecutor> own_executor_;
  Executor* const executor_;
  const std::shared_ptr<Reaper> reaper_;
  const std::shared_ptr<EpochDomain> epochs_;
  std::unique_ptr<Serializer> serializer_;
  std::unique_ptr<wire::Pump> pump_;
  std::unique_ptr<wire::GrpcConnector> connector_;
  std::unique_ptr<wire::EndpointProber> prober_;         // serializer-bound
  std::unique_ptr<wire::GrpcLoadWatcher> load_watcher_;  // serializer-bound
  std::unique_ptr<cluster::ClusterTable> clusters_;      // serializer-bound
  std::shared_ptr<call::CallEnvironment> environment_;
  const xds::ResourceTypes resource_types_;
  std::unique_ptr<wire::GrpcAdsTransportFactory> ads_transports_;
  std::unique_ptr<xds::XdsClient> xds_client_;  // serializer-bound; null without bootstrap
  std::unique_ptr<resolver::HostTable> hosts_;  // serializer-bound; null without bootstrap
  bool notification_is_due_ = false;            // serializer-bound

  Mutex mutex_;
  std::map<std::string, std::shared_ptr<Target>> targets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh

#endif  // MESH_RUNTIME_H_
