#include "mesh/call/grpc_parts.h"

#include <utility>

#include "grpcpp/channel.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/support/channel_arguments.h"
#include "mesh/call/call_access.h"

namespace mesh::call {
namespace {

// Without credentials a channel is lame.
std::shared_ptr<grpc::Channel> CreateLameChannel(InterceptorFactories factories) {
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      "", nullptr, grpc::ChannelArguments(), std::move(factories));
}

}  // namespace

GrpcParts::GrpcParts(wire::Pump* pump, std::shared_ptr<Reaper> reaper,
                     const std::vector<SharedFactory>& interceptors)
    : pump_(pump),
      reaper_(std::move(reaper)),
      lame_channel_(CreateLameChannel(MakeInterceptorFactories(interceptors))),
      queue_owner_(CreateLameChannel({})) {}

GrpcParts::~GrpcParts() {
  // This may be a thread of the callback queue, which must not wait for itself to end.
  reaper_->Destroy([lame = std::move(lame_channel_), owner = std::move(queue_owner_)]() {});
}

grpc::CompletionQueue* GrpcParts::callback_queue() {
  grpc::CompletionQueue* queue = known_callback_queue();
  if (queue == nullptr) {
    queue = call_access::CallbackQueue(*queue_owner_);  // the same one each time
    callback_queue_.store(queue, std::memory_order_relaxed);
  }
  return queue;
}

}  // namespace mesh::call
