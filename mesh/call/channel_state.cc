#include "mesh/call/channel_state.h"

#include <memory>

#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/time.h"

namespace mesh::call {
namespace {

// A channel that never does anything: a watch of its state ends with false at the deadline, and
// with true when the channel is destroyed. gRPC has no other operation that an application's
// queue can wait for, with both outcomes, and that may begin long before it ends.
std::shared_ptr<grpc::Channel> CreateSignal() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel("unix:signal", grpc::InsecureChannelCredentials(), arguments);
}

gpr_timespec Remaining(gpr_timespec deadline) {
  return gpr_time_sub(deadline, gpr_now(deadline.clock_type));
}

bool IsOver(gpr_timespec deadline) {
  return gpr_time_cmp(gpr_now(deadline.clock_type), deadline) >= 0;
}

}  // namespace

struct ChannelState::Waiter {
  grpc_connectivity_state last_observed;
  gpr_timespec deadline;
  std::shared_ptr<grpc::Channel> signal;
};

ChannelState::ChannelState() = default;

ChannelState::~ChannelState() = default;

void ChannelState::Set(grpc_connectivity_state state) {
  std::list<Waiter> told;  // destroyed after the lock is released
  MutexLock lock(&mutex_);
  if (state_.exchange(state, std::memory_order_acq_rel) == state) return;
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    const auto next = std::next(waiter);
    if (waiter->last_observed != state) told.splice(told.end(), waiters_, waiter);
    waiter = next;
  }
  changed_.SignalAll();
}

bool ChannelState::WaitForChange(grpc_connectivity_state last_observed, gpr_timespec deadline) {
  MutexLock lock(&mutex_);
  while (Get() == last_observed) {
    if (IsOver(deadline)) return false;
    // Not longer than an hour at once, for the sake of deadlines that no duration can express.
    const gpr_timespec longest = gpr_time_from_minutes(60, GPR_TIMESPAN);
    const gpr_timespec wait = gpr_time_min(Remaining(deadline), longest);
    changed_.WaitFor(&mutex_, absl::Seconds(wait.tv_sec) + absl::Nanoseconds(wait.tv_nsec));
  }
  return true;
}

void ChannelState::NotifyOnChange(grpc_connectivity_state last_observed, gpr_timespec deadline,
                                  grpc::CompletionQueue* queue, void* tag) {
  Waiter waiter{last_observed, deadline, CreateSignal()};
  waiter.signal->NotifyOnStateChange(GRPC_CHANNEL_IDLE, deadline, queue, tag);
  std::list<Waiter> dropped;
  MutexLock lock(&mutex_);
  DropExpired(&dropped);
  // Otherwise the waiter, and so the signal, is destroyed here.
  if (Get() == last_observed) waiters_.push_back(std::move(waiter));
}

void ChannelState::DropExpired(std::list<Waiter>* dropped) {
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    const auto next = std::next(waiter);
    // A second late, so that the signal's own deadline is certainly the one that ends it.
    const gpr_timespec late =
        gpr_time_add(waiter->deadline, gpr_time_from_seconds(1, GPR_TIMESPAN));
    if (IsOver(late)) dropped->splice(dropped->end(), waiters_, waiter);
    waiter = next;
  }
}

}  // namespace mesh::call
