#ifndef MESH_CALL_CALL_ENVIRONMENT_H_
#define MESH_CALL_CALL_ENVIRONMENT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "mesh/base/clock.h"
#include "mesh/base/epoch.h"
#include "mesh/base/mutex.h"
#include "mesh/base/per_thread_counter.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/call/attempt_record.h"
#include "mesh/call/interceptor_factories.h"
#include "mesh/cluster/cluster_table.h"
#include "mesh/wire/pump.h"

namespace grpc {
class Channel;
class CompletionQueue;
}  // namespace grpc

namespace mesh::call {

// What all calls of a mesh share: the parts of the mesh that they use, and the lame channel that
// carries the calls which no endpoint carries. Channels, and calls in flight, keep it alive beyond
// the mesh; after Close() it touches none of the mesh's parts. Thread-safe.
class CallEnvironment {
 public:
  struct Options {
    Serializer* serializer = nullptr;  // outlives Close(), as do the next three
    const Clock* clock = nullptr;
    wire::Pump* pump = nullptr;
    cluster::ClusterTable* clusters = nullptr;
    std::shared_ptr<EpochDomain> epochs;  // calls in flight may outlive the mesh
    std::shared_ptr<Reaper> reaper;
    std::vector<SharedFactory> interceptors;  // the application's
    AttemptObserver attempt_observer;
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

  // REQUIRES of the next four: before Close(); or inside an EpochReader that began before it.
  Serializer* serializer() const { return options_.serializer; }
  const Clock& clock() const { return *options_.clock; }
  wire::Pump* pump() const { return options_.pump; }
  cluster::ClusterTable* clusters() const { return options_.clusters; }

  const std::shared_ptr<EpochDomain>& epochs() const { return options_.epochs; }
  const std::shared_ptr<Reaper>& reaper() const { return options_.reaper; }
  const AttemptObserver& attempt_observer() const { return options_.attempt_observer; }

  // Carries the calls that are hijacked: it fails every operation that reaches it.
  const std::shared_ptr<grpc::Channel>& lame_channel() const { return lame_channel_; }

  // The queue of the callback API, for the calls of all channels. Made by the first call, because
  // on gRPC 1.51 it brings threads that take the events of callers which wait for their own.
  grpc::CompletionQueue* callback_queue();
  // The same if it has been made, else null.
  grpc::CompletionQueue* known_callback_queue() const {
    return callback_queue_.load(std::memory_order_relaxed);
  }

  void Add(Count count) { counters_.Add(static_cast<size_t>(count)); }
  uint64_t Sum(Count count) const { return counters_.Sum(static_cast<size_t>(count)); }

 private:
  explicit CallEnvironment(Options options);

  const Options options_;
  std::shared_ptr<grpc::Channel> lame_channel_;
  // Owns the callback queue and makes no calls: contexts keep the channel of their call, and the
  // owner of that queue must not be destroyed on one of its threads.
  std::shared_ptr<grpc::Channel> queue_owner_;
  std::atomic<grpc::CompletionQueue*> callback_queue_{nullptr};
  PerThreadCounters<5> counters_;

  Mutex mutex_;
  CondVar quiet_;
  bool attempts_allowed_ ABSL_GUARDED_BY(mutex_) = true;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int attempts_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace mesh::call

#endif  // MESH_CALL_CALL_ENVIRONMENT_H_
