#ifndef MESH_CALL_CALL_ENVIRONMENT_H_
#define MESH_CALL_CALL_ENVIRONMENT_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "mesh/base/clock.h"
#include "mesh/base/epoch.h"
#include "mesh/base/mutex.h"
#include "mesh/base/per_thread_counter.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/call/attempt_record.h"
#include "mesh/cluster/cluster_table.h"

namespace mesh::call {

class GrpcParts;

// What all calls of a mesh share: the parts of the mesh that they use. It knows no gRPC: what
// calls need of that is a part like any other. Channels, and calls in flight, keep it alive beyond
// the mesh; after Close() it touches none of the mesh's parts. Thread-safe.
class CallEnvironment {
 public:
  struct Options {
    const Clock* clock = nullptr;      // outlives the calls; null: the machine's
    Serializer* serializer = nullptr;  // outlives Close(), as do the next two
    cluster::ClusterTable* clusters = nullptr;
    std::shared_ptr<EpochDomain> epochs;  // calls in flight may outlive the mesh
    std::shared_ptr<Reaper> reaper;
    AttemptObserver attempt_observer;
    std::shared_ptr<GrpcParts> grpc;  // null where no call is gRPC's
    // While what it returns lives, what drives the mesh's own operations reacts at once (see
    // wire::Pump::Hold). Empty: it always does.
    std::function<std::shared_ptr<void>()> hurry;
  };

  // What calls did since the start.
  enum class Count { kNative, kHeld, kFailedAtOnce, kRetries, kElsewhere };

  static std::shared_ptr<CallEnvironment> Create(Options options);
  ~CallEnvironment();
  CallEnvironment(const CallEnvironment&) = delete;
  CallEnvironment& operator=(const CallEnvironment&) = delete;

  // Waits until no call uses the parts of the mesh any more.
  // REQUIRES: every ChannelCore was shut down; not called on the serializer or a thread of gRPC;
  // the pump and the serializer run.
  void Close();

  // Runs `task` on the serializer. False, and `task` is dropped, after Close().
  bool Post(Task task);

  // Until the matching ExitAttempt() the pump may be used. False: no attempt may begin any more.
  bool EnterAttempt();
  void ExitAttempt();

  // May be null. REQUIRES: before Close(). On the serializer.
  std::shared_ptr<void> Hurry() const { return options_.hurry ? options_.hurry() : nullptr; }

  const Clock& clock() const { return options_.clock != nullptr ? *options_.clock : steady_clock_; }
  // REQUIRES of the next two: before Close(); or inside an EpochReader that began before it.
  Serializer* serializer() const { return options_.serializer; }
  cluster::ClusterTable* clusters() const { return options_.clusters; }

  const std::shared_ptr<EpochDomain>& epochs() const { return options_.epochs; }
  const std::shared_ptr<Reaper>& reaper() const { return options_.reaper; }
  const AttemptObserver& attempt_observer() const { return options_.attempt_observer; }

  // What calls need of gRPC. REQUIRES: it was given.
  GrpcParts& grpc() const { return *options_.grpc; }

  void Add(Count count) { counters_.Add(static_cast<size_t>(count)); }
  uint64_t Sum(Count count) const { return counters_.Sum(static_cast<size_t>(count)); }

 private:
  explicit CallEnvironment(Options options);

  const Options options_;
  const SteadyClock steady_clock_;
  PerThreadCounters<5> counters_;

  Mutex mutex_;
  CondVar quiet_;
  bool attempts_allowed_ ABSL_GUARDED_BY(mutex_) = true;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int attempts_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace mesh::call

#endif  // MESH_CALL_CALL_ENVIRONMENT_H_
