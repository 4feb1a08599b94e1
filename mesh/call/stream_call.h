#ifndef MESH_CALL_STREAM_CALL_H_
#define MESH_CALL_STREAM_CALL_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_interceptor.h"
#include "mesh/base/mutex.h"
#include "mesh/call/call_registry.h"
#include "mesh/call/delivery.h"
#include "mesh/call/managed_stream.h"

namespace mesh::call {

// A streaming call for which there is no connected endpoint yet: made on the lame channel, every
// operation hijacked and passed to a ManagedStream, one for one, so that flow control and order
// are the application's own.
//
//   batch ──down──► its sends ──done──► hijacked ──► its receives ──done──► up
//
// Thread-safe as gRPC uses it.
class StreamCall final : public grpc::experimental::Interceptor, private CallRegistry::Entry {
 public:
  // `core` is kept alive by its registry until this is destroyed.
  StreamCall(ChannelCore* core, absl::string_view path, grpc::ClientContext* context,
             const CallKey& key, std::shared_ptr<CallTrace::Log> trace);
  ~StreamCall() override;

  // The call was created.
  void Begin();

  void Intercept(Batch* batch) override;

 private:
  enum class Phase { kSending, kReceiving, kAnswered };
  // A batch on its way. What counts down to the next phase may be on several threads.
  struct Progress {
    Batch* batch;
    Phase phase = Phase::kSending;
    std::atomic<int> pending{1};  // operations, and the one who begins them
    std::atomic<bool> not_sent{false};
    std::atomic<bool> not_received{false};
  };

  CallRegistry::Canceller GetCanceller(const absl::Status& reason) override;

  Progress* Find(Batch* batch);
  void Send(Progress* progress);
  void Receive(Progress* progress);
  void OnSent(Progress* progress, bool ok);
  void OnReceived(Progress* progress);
  void FillMessage(Progress* progress, std::optional<absl::Cord> message);
  void FillStatus(Batch* batch, const ExchangeResponse& end);

  ChannelCore* const core_;
  grpc::ClientContext* const context_;
  const std::shared_ptr<ManagedStream> stream_;

  std::atomic<bool> started_{false};
  Mutex mutex_;
  std::vector<std::unique_ptr<Progress>> batches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh::call

#endif  // MESH_CALL_STREAM_CALL_H_
