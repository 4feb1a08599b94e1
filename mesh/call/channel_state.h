#ifndef MESH_CALL_CHANNEL_STATE_H_
#define MESH_CALL_CHANNEL_STATE_H_

#include <atomic>
#include <cstdint>
#include <list>

#include "absl/base/thread_annotations.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/impl/channel_interface.h"
#include "mesh/base/mutex.h"

namespace mesh::call {

// The connectivity state of a channel as a whole, and those who wait for it to change.
// Thread-safe.
class ChannelState {
 public:
  ChannelState();
  // Those who still wait are told of a change.
  ~ChannelState();
  ChannelState(const ChannelState&) = delete;
  ChannelState& operator=(const ChannelState&) = delete;

  grpc_connectivity_state Get() const { return state_.load(std::memory_order_acquire); }
  void Set(grpc_connectivity_state state);

  // Blocks until the state is other than `last_observed` (true) or the deadline passed (false).
  bool WaitForChange(grpc_connectivity_state last_observed, gpr_timespec deadline);

  // The same, told by `tag` on `queue`: its `ok` is true for a change, false for the deadline.
  void NotifyOnChange(grpc_connectivity_state last_observed, gpr_timespec deadline,
                      grpc::CompletionQueue* queue, void* tag);

 private:
  struct Waiter;

  void DropExpired(std::list<Waiter>* dropped) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::atomic<grpc_connectivity_state> state_{GRPC_CHANNEL_IDLE};
  Mutex mutex_;
  CondVar changed_;
  std::list<Waiter> waiters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh::call

#endif  // MESH_CALL_CHANNEL_STATE_H_
