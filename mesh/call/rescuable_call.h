#ifndef MESH_CALL_RESCUABLE_CALL_H_
#define MESH_CALL_RESCUABLE_CALL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "mesh/base/mutex.h"
#include "mesh/call/attempts.h"
#include "mesh/call/native_call.h"
#include "mesh/model/route.h"

namespace mesh::call {

// A native unary call that keeps the bytes of its request: if its attempt ends in a way that is
// not final, its batch does not proceed until further attempts have ended, whose outcome it then
// tells as its own.
//
//   native ──status──► final? ──yes──► proceed
//                        │ no
//                        ▼
//                     attempts ──done──► write the outcome ──► proceed
//
// Callback reactors send two batches, {send, initial metadata} and {message, status}; the first is
// held back while it may still be replaced, that is, while the server has sent no metadata.
// Thread-safe as gRPC uses it.
class RescuableCall final : public NativeCall {
 public:
  struct Setup {
    absl::string_view path;  // copied, unless it lasts: with GenericStub it is a temporary
    const std::string* lasting_path = nullptr;  // the same, if it lasts as long as the core
    grpc::ClientContext* context = nullptr;
    model::RetryPolicy retry;
    CallKey key;
    bool wait_for_ready = false;
    bool callback_api = false;
  };
  RescuableCall(ChannelCore* core, cluster::Permit permit, std::shared_ptr<CallTrace::Log> trace,
                const Setup& setup);
  ~RescuableCall() override { Unregister(); }

  void Intercept(Batch* batch) override;

 private:
  CallRegistry::Canceller GetCanceller(const absl::Status& reason) override;

  void OnCancel();
  void InterceptDown(Batch* batch);
  void InterceptUp(Batch* batch, bool has_status);
  void OnStatus();
  bool Rescue(const AttemptOutcome& outcome, const cluster::Endpoint* endpoint);
  void OnRescued(std::optional<ExchangeResponse> response);
  void Proceed();

  const std::string copied_path_;  // empty if the path lasts
  const absl::string_view path_;
  grpc::ClientContext* const context_;
  const model::RetryPolicy retry_;
  const CallKey key_;
  const bool wait_for_ready_;
  const bool callback_api_;

  grpc::ByteBuffer request_;
  call_access::MessageSlot message_;
  ExchangeResponse response_;  // of the last attempt: the application's metadata refer to it

  Mutex mutex_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // by the application or the mesh
  bool initial_metadata_came_ ABSL_GUARDED_BY(mutex_) = false;
  bool committed_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Attempts> attempts_ ABSL_GUARDED_BY(mutex_);
  // Held. They may be the same. Written before, and read after, the lock is taken.
  Batch* initial_metadata_batch_ = nullptr;
  Batch* status_batch_ = nullptr;
};

}  // namespace mesh::call

#endif  // MESH_CALL_RESCUABLE_CALL_H_
