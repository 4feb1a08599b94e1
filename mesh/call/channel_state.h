#ifndef MESH_CALL_CHANNEL_STATE_H_
#define MESH_CALL_CHANNEL_STATE_H_

#include <atomic>
#include <functional>
#include <list>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "mesh/base/mutex.h"

namespace mesh::call {

// What a channel can be said to be, as gRPC says it.
enum class Connectivity { kIdle, kConnecting, kReady, kTransientFailure, kShutdown };

// The connectivity state of a channel as a whole, and those who wait for it to change. It knows no
// gRPC; grpc_channel_state.h has what an application waits with. Thread-safe.
class ChannelState {
 public:
  ChannelState();
  // Drops every signal.
  ~ChannelState();
  ChannelState(const ChannelState&) = delete;
  ChannelState& operator=(const ChannelState&) = delete;

  Connectivity Get() const { return state_.load(std::memory_order_acquire); }
  void Set(Connectivity state);

  // Blocks until the state is other than `last_observed` (true), or `remaining`, which is asked
  // again and again, says that no time is left (false).
  bool WaitForChange(Connectivity last_observed, const std::function<absl::Duration()>& remaining);

  // Keeps `signal` until the state is other than `last_observed`, which it may be already; once
  // `is_over` says so, it may be dropped at any time. Never dropped under a lock.
  void DropOnChange(Connectivity last_observed, std::shared_ptr<void> signal,
                    std::function<bool()> is_over);

 private:
  struct Waiter {
    Connectivity last_observed;
    std::shared_ptr<void> signal;
    std::function<bool()> is_over;
  };

  void TakeExpired(std::list<Waiter>* expired) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::atomic<Connectivity> state_{Connectivity::kIdle};
  Mutex mutex_;
  CondVar changed_;
  std::list<Waiter> waiters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh::call

#endif  // MESH_CALL_CHANNEL_STATE_H_
