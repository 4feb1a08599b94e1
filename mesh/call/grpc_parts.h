#ifndef MESH_CALL_GRPC_PARTS_H_
#define MESH_CALL_GRPC_PARTS_H_

#include <atomic>
#include <memory>
#include <vector>

#include "mesh/base/reaper.h"
#include "mesh/call/interceptor_factories.h"
#include "mesh/wire/pump.h"

namespace grpc {
class Channel;
class CompletionQueue;
}  // namespace grpc

namespace mesh::call {

// What the calls of a mesh need of gRPC, apart from their endpoints' channels: the pump, the lame
// channel that carries the calls which no endpoint carries, and the queue of the callback API.
// Lives as long as the CallEnvironment. Thread-safe.
class GrpcParts {
 public:
  // `pump` outlives CallEnvironment::Close(); `interceptors` are the application's.
  GrpcParts(wire::Pump* pump, std::shared_ptr<Reaper> reaper,
            const std::vector<SharedFactory>& interceptors);
  ~GrpcParts();
  GrpcParts(const GrpcParts&) = delete;
  GrpcParts& operator=(const GrpcParts&) = delete;

  // REQUIRES: before CallEnvironment::Close(); or inside an EpochReader that began before it.
  wire::Pump* pump() const { return pump_; }

  // Carries the calls that are hijacked: it fails every operation that reaches it.
  const std::shared_ptr<grpc::Channel>& lame_channel() const { return lame_channel_; }

  // The queue of the callback API, for the calls of all channels. Made by the first call, because
  // on gRPC 1.51 it brings threads that take the events of callers which wait for their own.
  grpc::CompletionQueue* callback_queue();
  // The same if it has been made, else null.
  grpc::CompletionQueue* known_callback_queue() const {
    return callback_queue_.load(std::memory_order_relaxed);
  }

 private:
  wire::Pump* const pump_;
  const std::shared_ptr<Reaper> reaper_;
  std::shared_ptr<grpc::Channel> lame_channel_;
  // Owns the callback queue and makes no calls: contexts keep the channel of their call, and the
  // owner of that queue must not be destroyed on one of its threads.
  std::shared_ptr<grpc::Channel> queue_owner_;
  std::atomic<grpc::CompletionQueue*> callback_queue_{nullptr};
};

}  // namespace mesh::call

#endif  // MESH_CALL_GRPC_PARTS_H_
