#include "mesh/wire/grpc_load_watcher.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "mesh/wire/byte_buffer.h"
#include "mesh/wire/load_message.h"

namespace mesh::wire {
namespace {

// One call. It lives until its last operation has come back, which may be after its watch is gone;
// there is one operation at a time.
//
//   starting ──► sending ──► reading ──► finishing ──► over
//       └──not ok──────────────────────────▲
//
// A request that cannot be sent says that the call is over; what came before its end is read
// nevertheless, since gRPC has no status for a call of which a message is unread.
//
// Serializer-bound, but for OnConnectionEnds(): the pump's thread only posts what came back.
class LoadCall final : public Pump::Tag,
                       public Connection::Guest,
                       public std::enable_shared_from_this<LoadCall> {
 public:
  LoadCall(Serializer* serializer, std::shared_ptr<Reaper> reaper, LoadWatch::Observer* observer)
      : serializer_(serializer), reaper_(std::move(reaper)), observer_(observer) {}

  void Start(const std::shared_ptr<grpc::Channel>& channel, grpc::CompletionQueue* queue,
             const LoadWatchRequest& request) {
    if (!request.authority.empty()) context_.set_authority(request.authority);
    request_ = ToByteBuffer(EncodeLoadReportRequest(request.interval));
    stream_ =
        grpc::GenericStub(channel).PrepareCall(&context_, std::string(kLoadReportMethod), queue);
    stream_->StartCall(Begin(&LoadCall::OnStarted));
  }

  // Without a call.
  void Fail(std::string text) {
    serializer_->Post([self = shared_from_this(), text = std::move(text)] {
      self->End(absl::UnavailableError(text));
    });
  }

  // The observer hears nothing any more.
  void Cancel() {
    observer_ = nullptr;
    context_.TryCancel();
  }

  void OnConnectionEnds() override { context_.TryCancel(); }

 private:
  using Next = void (LoadCall::*)(bool ok);

  // What gRPC takes for the next operation, which keeps the call.
  Pump::Tag* Begin(Next next) {
    next_ = next;
    pending_ = true;
    self_ = shared_from_this();
    return this;
  }

  void OnEvent(bool ok) override {
    Serializer* const serializer = serializer_;
    // The last use of this here: the call may end with the task, run or not.
    serializer->Post([self = std::move(self_), ok]() mutable {
      self->pending_ = false;
      if (self->observer_ != nullptr) (self.get()->*self->next_)(ok);
      if (self->pending_) return;
      // It may have the last reference to the channel.
      const std::shared_ptr<Reaper> reaper = self->reaper_;
      reaper->Destroy([self = std::move(self)] {});
    });
  }

  void OnStarted(bool ok) {
    if (!ok) return Finish();
    stream_->WriteLast(request_, grpc::WriteOptions(), Begin(&LoadCall::OnSent));
  }

  void OnSent(bool) { Read(); }

  void Read() { stream_->Read(&received_, Begin(&LoadCall::OnRead)); }

  void OnRead(bool ok) {
    if (!ok) return Finish();
    const std::string report = ToBytes(received_);
    received_.Clear();
    observer_->OnLoadReport(report);
    Read();
  }

  void Finish() { stream_->Finish(&status_, Begin(&LoadCall::OnFinished)); }

  void OnFinished(bool) {
    End(absl::Status(static_cast<absl::StatusCode>(status_.error_code()), status_.error_message()));
  }

  void End(const absl::Status& status) {
    if (observer_ != nullptr) std::exchange(observer_, nullptr)->OnLoadWatchEnd(status);
  }

  Serializer* const serializer_;
  const std::shared_ptr<Reaper> reaper_;
  LoadWatch::Observer* observer_;  // null once cancelled or over
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer received_;
  grpc::Status status_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  Next next_ = nullptr;             // what comes of the operation
  bool pending_ = false;            // another operation was begun
  std::shared_ptr<LoadCall> self_;  // while gRPC has the tag
};

class GrpcLoadWatch final : public LoadWatch {
 public:
  explicit GrpcLoadWatch(std::shared_ptr<LoadCall> call) : call_(std::move(call)) {}
  ~GrpcLoadWatch() override { call_->Cancel(); }

 private:
  const std::shared_ptr<LoadCall> call_;
};

}  // namespace

GrpcLoadWatcher::GrpcLoadWatcher(Options options) : options_(std::move(options)) {}

std::unique_ptr<LoadWatch> GrpcLoadWatcher::Start(const LoadWatchRequest& request,
                                                  LoadWatch::Observer* observer) {
  auto call = std::make_shared<LoadCall>(options_.serializer, options_.reaper, observer);
  if (const ConnectionState state = request.connection->state(); state != ConnectionState::kReady) {
    call->Fail(absl::StrCat("the connection is ", ToString(state)));
  } else {
    // The call itself keeps the channel, and not the connection: it is no call that others, such as
    // the last one on an old connection, are to wait for. So it is told when that ends.
    const ConnectionUse use = request.connection->Use();
    use.connection()->AddGuest(call);
    call->Start(use.connection()->channel(), options_.pump->queue(), request);
  }
  return std::make_unique<GrpcLoadWatch>(std::move(call));
}

}  // namespace mesh::wire
