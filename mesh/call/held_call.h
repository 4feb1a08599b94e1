#ifndef MESH_CALL_HELD_CALL_H_
#define MESH_CALL_HELD_CALL_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_interceptor.h"
#include "mesh/base/mutex.h"
#include "mesh/call/attempts.h"
#include "mesh/call/call_registry.h"
#include "mesh/call/delivery.h"

namespace mesh::call {

// A unary call for which there is no connected endpoint yet: made on the lame channel, every
// operation hijacked. It waits until there is one, and then runs wholly as attempts of ours.
// Thread-safe as gRPC uses it.
class HeldCall final : public grpc::experimental::Interceptor, private CallRegistry::Entry {
 public:
  // `core` is kept alive by its registry until this is destroyed.
  HeldCall(ChannelCore* core, absl::string_view path, grpc::ClientContext* context,
           const CallKey& key, std::shared_ptr<CallTrace::Log> trace);
  ~HeldCall() override { Leave(); }

  // The call was created.
  void Begin();

  void Intercept(Batch* batch) override;

 private:
  CallRegistry::Canceller GetCanceller(const absl::Status& reason) override;

  void Start(Batch* batch);
  void Cancel(int code, std::string message);
  void OnDone(ExchangeResponse response);
  void Answer(Batch* batch);

  ChannelCore* const core_;
  grpc::ClientContext* const context_;
  const std::shared_ptr<Attempts> attempts_;
  // Of the last attempt, once done: the application's metadata refer to it.
  ExchangeResponse response_;

  Mutex mutex_;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Batch*> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh::call

#endif  // MESH_CALL_HELD_CALL_H_
