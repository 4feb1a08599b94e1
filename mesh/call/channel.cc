#include "mesh/call/channel.h"

#include <string>
#include <utility>

#include "grpcpp/channel.h"
#include "grpcpp/impl/call_op_set_interface.h"
#include "mesh/base/random.h"
#include "mesh/call/call_access.h"
#include "mesh/call/call_hash.h"
#include "mesh/call/call_start.h"
#include "mesh/call/call_trace.h"
#include "mesh/call/context_overrides.h"
#include "mesh/call/failed_call.h"
#include "mesh/call/grpc_channel_state.h"
#include "mesh/call/grpc_parts.h"
#include "mesh/call/held_call.h"
#include "mesh/call/native_call.h"
#include "mesh/call/rescuable_call.h"
#include "mesh/call/stream_call.h"

namespace mesh::call {
namespace {

using grpc::internal::RpcMethod;

// Where a call goes, and what its route says of it.
struct Direction {
  NextStep step;
  model::RetryPolicy retry;
  absl::Duration timeout = absl::InfiniteDuration();
};

class Channel final : public grpc::ChannelInterface {
 public:
  explicit Channel(std::shared_ptr<ChannelCore> core) : core_(std::move(core)) {
    core_->AddChannel();
  }
  ~Channel() override { core_->RemoveChannel(); }

  grpc_connectivity_state GetState(bool try_to_connect) override {
    if (try_to_connect) core_->Connect();
    return ToGrpc(core_->state().Get());
  }

 private:
  grpc::internal::Call CreateCall(const RpcMethod& method, grpc::ClientContext* context,
                                  grpc::CompletionQueue* queue) override;

  void PerformOpsOnCall(grpc::internal::CallOpSetInterface* ops,
                        grpc::internal::Call* call) override {
    ops->FillOps(call);  // calls belong to the endpoint's channel: nobody calls this
  }

  // gRPC's own handles belong to one core channel, and we have many: ours is the path, so that
  // calls need not copy it.
  void* RegisterMethod(const char* path) override {
    return const_cast<std::string*>(core_->Intern(path));
  }

  void NotifyOnStateChangeImpl(grpc_connectivity_state last_observed, gpr_timespec deadline,
                               grpc::CompletionQueue* queue, void* tag) override {
    NotifyOnChange(&core_->state(), last_observed, deadline, queue, tag);
  }

  bool WaitForStateChangeImpl(grpc_connectivity_state last_observed,
                              gpr_timespec deadline) override {
    return WaitForChange(&core_->state(), last_observed, deadline);
  }

  grpc::CompletionQueue* CallbackCQ() override { return environment().grpc().callback_queue(); }

  CallEnvironment& environment() { return *core_->environment(); }

  Direction Direct(const RpcMethod& method, const CallKey& key);
  grpc::internal::Call CreateNative(const RpcMethod& method, grpc::ClientContext* context,
                                    grpc::CompletionQueue* queue, const CallKey& key,
                                    Direction direction);
  // A call whose attempts are ours, of that class.
  template <typename Managed>
  grpc::internal::Call CreateManaged(const RpcMethod& method, grpc::ClientContext* context,
                                     grpc::CompletionQueue* queue, const CallKey& key);
  grpc::internal::Call CreateFailed(const RpcMethod& method, grpc::ClientContext* context,
                                    grpc::CompletionQueue* queue, const GiveUp& why);

  const std::shared_ptr<ChannelCore> core_;
};

// What endpoints' channels may be given: without the handle that they would take for their own.
RpcMethod WithoutHandle(const RpcMethod& method) {
  return RpcMethod(method.name(), method.suffix_for_stats(), method.method_type());
}

// The path, if it lasts as long as the core; else null.
const std::string* LastingPath(const RpcMethod& method) {
  return static_cast<const std::string*>(method.channel_tag());
}

// As gRPC sees it now: what the mesh knows is older by what its pump is late.
bool IsConnected(const wire::Connection& connection) {
  return connection.channel()->GetState(false) == GRPC_CHANNEL_READY;
}

bool IsUnary(const RpcMethod& method) { return method.method_type() == RpcMethod::NORMAL_RPC; }

grpc::internal::Call Channel::CreateCall(const RpcMethod& method, grpc::ClientContext* context,
                                         grpc::CompletionQueue* queue) {
  const CallKey key{FastRandom(), CallHash::Current()};
  Direction direction = Direct(method, key);
  if (auto* const go = std::get_if<GoTo>(&direction.step)) {
    // A stream cannot be rescued, so its connection must not only have been there a moment ago.
    if (IsUnary(method) || IsConnected(go->permit.connection())) {
      return CreateNative(method, context, queue, key, std::move(direction));
    }
    direction.step = WaitFor{nullptr, nullptr};
  }
  const auto* const give_up = std::get_if<GiveUp>(&direction.step);
  if (give_up != nullptr && (give_up->for_good || !call_access::WaitsForReady(*context))) {
    return CreateFailed(method, context, queue, *give_up);
  }
  environment().Add(CallEnvironment::Count::kHeld);
  return IsUnary(method) ? CreateManaged<HeldCall>(method, context, queue, key)
                         : CreateManaged<StreamCall>(method, context, queue, key);
}

Direction Channel::Direct(const RpcMethod& method, const CallKey& key) {
  Direction direction;
  const EpochReader reader(*environment().epochs());
  const CallConfig* const config = core_->config(reader);
  if (config == nullptr || !config->shut_down) environment().grpc().pump()->NoteCall();
  cluster::PickRequest request;
  request.hash = key.hash;
  request.awaits_answer = IsUnary(method);
  direction.step = ChooseNextStep(config, method.name(), key.random, request, reader);
  if (const auto* go = std::get_if<GoTo>(&direction.step)) {
    direction.retry = go->route->retry;
    direction.timeout = go->route->timeout;
  }
  return direction;
}

grpc::internal::Call Channel::CreateNative(const RpcMethod& method, grpc::ClientContext* context,
                                           grpc::CompletionQueue* queue, const CallKey& key,
                                           Direction direction) {
  cluster::Permit& permit = std::get<GoTo>(direction.step).permit;
  // The endpoint, and so its connection, lives as long as the permit.
  const std::shared_ptr<grpc::Channel> channel = permit.connection().channel();
  environment().Add(CallEnvironment::Count::kNative);

  std::unique_ptr<NativeCall> interceptor;
  const bool wait_for_ready = call_access::WaitsForReady(*context);
  if (IsUnary(method)) {
    RescuableCall::Setup setup;
    setup.path = method.name();
    setup.lasting_path = LastingPath(method);
    setup.context = context;
    setup.retry = direction.retry;
    setup.key = key;
    setup.wait_for_ready = wait_for_ready;
    setup.callback_api = queue == environment().grpc().known_callback_queue();
    interceptor = std::make_unique<RescuableCall>(core_.get(), std::move(permit),
                                                  CallTrace::Current(), setup);
  } else {
    interceptor = std::make_unique<ObservedCall>(core_.get(), std::move(permit),
                                                 CallTrace::Current(), context);
  }
  // Flags are read after this, so it cannot be put back: else a connection lost after the pick
  // would hold the call to its deadline. Unary calls keep the promise by themselves.
  if (wait_for_ready) context->set_wait_for_ready(false);

  NativeCall* const native = interceptor.get();
  const DeadlineOverride deadline(context, direction.timeout);
  const AuthorityOverride authority(context, core_->authority());
  CallStart start(std::move(interceptor));
  grpc::internal::Call call =
      call_access::CreateCall(*channel, WithoutHandle(method), context, queue);
  if (start.taken()) native->Begin(call.call());
  return call;
}

template <typename Managed>
grpc::internal::Call Channel::CreateManaged(const RpcMethod& method, grpc::ClientContext* context,
                                            grpc::CompletionQueue* queue, const CallKey& key) {
  auto interceptor =
      std::make_unique<Managed>(core_.get(), method.name(), context, key, CallTrace::Current());
  Managed* const managed = interceptor.get();
  CallStart start(std::move(interceptor));
  grpc::internal::Call call = call_access::CreateCall(*environment().grpc().lame_channel(),
                                                      WithoutHandle(method), context, queue);
  if (start.taken()) managed->Begin();
  return call;
}

grpc::internal::Call Channel::CreateFailed(const RpcMethod& method, grpc::ClientContext* context,
                                           grpc::CompletionQueue* queue, const GiveUp& why) {
  environment().Add(CallEnvironment::Count::kFailedAtOnce);
  CallStart start(std::make_unique<FailedCall>(
      core_->environment(),
      grpc::Status(grpc::StatusCode::UNAVAILABLE, core_->Explain(why.status.message())),
      why.overloaded ? OverloadedMetadata() : Metadata()));
  return call_access::CreateCall(*environment().grpc().lame_channel(), WithoutHandle(method),
                                 context, queue);
}

}  // namespace

std::shared_ptr<grpc::ChannelInterface> NewChannel(std::shared_ptr<ChannelCore> core) {
  return std::make_shared<Channel>(std::move(core));
}

}  // namespace mesh::call
