#include "mesh/call/grpc_channel_state.h"

#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/time.h"

namespace mesh::call {
namespace {

static_assert(static_cast<int>(Connectivity::kIdle) == GRPC_CHANNEL_IDLE);
static_assert(static_cast<int>(Connectivity::kConnecting) == GRPC_CHANNEL_CONNECTING);
static_assert(static_cast<int>(Connectivity::kReady) == GRPC_CHANNEL_READY);
static_assert(static_cast<int>(Connectivity::kTransientFailure) == GRPC_CHANNEL_TRANSIENT_FAILURE);
static_assert(static_cast<int>(Connectivity::kShutdown) == GRPC_CHANNEL_SHUTDOWN);

Connectivity FromGrpc(grpc_connectivity_state state) { return static_cast<Connectivity>(state); }

// A channel that never does anything: a watch of its state ends with false at the deadline, and
// with true when the channel is destroyed. gRPC has no other operation that an application's
// queue can wait for, with both outcomes, and that may begin long before it ends.
std::shared_ptr<grpc::Channel> CreateSignal() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel("unix:signal", grpc::InsecureChannelCredentials(), arguments);
}

absl::Duration Remaining(gpr_timespec deadline) {
  const gpr_timespec now = gpr_now(deadline.clock_type);
  if (gpr_time_cmp(now, deadline) >= 0) return absl::ZeroDuration();
  const gpr_timespec left = gpr_time_sub(deadline, now);
  return absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec);
}

}  // namespace

grpc_connectivity_state ToGrpc(Connectivity connectivity) {
  return static_cast<grpc_connectivity_state>(connectivity);
}

bool WaitForChange(ChannelState* state, grpc_connectivity_state last_observed,
                   gpr_timespec deadline) {
  return state->WaitForChange(FromGrpc(last_observed), [deadline] { return Remaining(deadline); });
}

void NotifyOnChange(ChannelState* state, grpc_connectivity_state last_observed,
                    gpr_timespec deadline, grpc::CompletionQueue* queue, void* tag) {
  std::shared_ptr<grpc::Channel> signal = CreateSignal();
  signal->NotifyOnStateChange(GRPC_CHANNEL_IDLE, deadline, queue, tag);
  // A second late, so that the signal's own deadline is certainly the one that ends it.
  const gpr_timespec late = gpr_time_add(deadline, gpr_time_from_seconds(1, GPR_TIMESPAN));
  state->DropOnChange(FromGrpc(last_observed), std::move(signal),
                      [late] { return Remaining(late) == absl::ZeroDuration(); });
}

}  // namespace mesh::call
