#include "mesh/call/grpc_stream_transport.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "grpcpp/channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "mesh/base/mutex.h"
#include "mesh/call/bytes.h"
#include "mesh/call/grpc_attempt.h"
#include "mesh/call/grpc_parts.h"
#include "mesh/wire/pump.h"

namespace mesh::call {
namespace {

// A generic bidirectional call, which every kind of stream is on the wire. Metadata and status are
// asked for at the beginning, as gRPC's own callback API does it, so that an end that nobody asks
// for is noticed too.
class GrpcStream final : public ByteStream {
 public:
  GrpcStream(std::shared_ptr<CallEnvironment> environment, ByteStreamEvents events)
      : environment_(std::move(environment)), events_(std::move(events)) {}

  void Begin(std::shared_ptr<GrpcStream> self, const ExchangeRequest& request,
             grpc::ClientContext& application, const std::shared_ptr<grpc::Channel>& channel) {
    PrepareContext(request, application, environment_->clock(), &context_);
    grpc::GenericStub stub(channel);
    stream_ = stub.PrepareCall(&context_, request.path, pump().queue());
    self_ = std::move(self);
    {
      MutexLock lock(&mutex_);
      pending_ = 3;
    }
    pump().NoteOperation();
    stream_->StartCall(started_.tag());
    stream_->ReadInitialMetadata(initial_metadata_.tag());
    stream_->Finish(&status_, finished_.tag());
  }

  void Send(absl::Cord message, bool last, OnSent on_sent) override {
    if (!BeginSend(&on_sent)) return on_sent(false);
    const grpc::ByteBuffer bytes = ToByteBuffer(message);
    if (last) {
      stream_->WriteLast(bytes, grpc::WriteOptions(), sent_.tag());
    } else {
      stream_->Write(bytes, sent_.tag());
    }
  }

  void CloseSending(OnSent on_sent) override {
    if (!BeginSend(&on_sent)) return on_sent(false);
    stream_->WritesDone(sent_.tag());
  }

  void Receive(OnReceived on_received) override {
    {
      MutexLock lock(&mutex_);
      if (!ended_) {
        ++pending_;
        on_received_ = std::move(on_received);
        on_received = nullptr;
      }
    }
    if (on_received) return on_received(std::nullopt);
    pump().NoteOperation();
    stream_->Read(&received_bytes_, received_.tag());
  }

  void Cancel() override { context_.TryCancel(); }

 private:
  // One of the operations that may be pending at a time.
  class Operation final : public wire::Pump::Tag {
   public:
    using Handler = void (GrpcStream::*)(bool ok);
    Operation(GrpcStream* stream, Handler handler) : stream_(*stream), handler_(handler) {}
    void* tag() { return static_cast<wire::Pump::Tag*>(this); }
    void OnEvent(bool ok) override {
      stream_.pump().NoteOperation();
      (stream_.*handler_)(ok);
      stream_.OnBack();
    }

   private:
    GrpcStream& stream_;
    const Handler handler_;
  };

  wire::Pump& pump() { return *environment_->grpc().pump(); }

  // Takes `*on_sent` unless the stream has ended.
  bool BeginSend(OnSent* on_sent) {
    MutexLock lock(&mutex_);
    if (ended_) return false;
    ++pending_;
    on_sent_ = std::move(*on_sent);
    pump().NoteOperation();
    return true;
  }

  void OnStarted(bool ok) { events_.on_started(ok); }

  void OnInitialMetadata(bool ok) {
    if (!ok) return;
    has_initial_metadata_ = true;
    events_.on_initial_metadata(ToMetadata(context_.GetServerInitialMetadata()));
  }

  void OnSentBack(bool ok) {
    OnSent on_sent;
    {
      MutexLock lock(&mutex_);
      on_sent = std::move(on_sent_);
    }
    on_sent(ok);
  }

  void OnReceivedBack(bool ok) {
    OnReceived on_received;
    {
      MutexLock lock(&mutex_);
      on_received = std::move(on_received_);
    }
    std::optional<absl::Cord> message;
    if (ok) message = ToCord(received_bytes_);
    received_bytes_.Clear();
    on_received(std::move(message));
  }

  void OnFinished(bool) { finished_back_ = true; }

  // An operation has come back. The last one brings the end.
  void OnBack() {
    {
      MutexLock lock(&mutex_);
      if (--pending_ > 0 || !finished_back_) return;
      ended_ = true;
    }
    const std::shared_ptr<GrpcStream> self = std::move(self_);
    ExchangeResponse response = ToResponse(status_, context_);
    response.has_initial_metadata = has_initial_metadata_;
    // They refer to their receiver, which refers to this.
    ByteStreamEvents events = std::move(events_);
    events.on_end(std::move(response));
    environment_->ExitAttempt();
  }

  const std::shared_ptr<CallEnvironment> environment_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  std::shared_ptr<GrpcStream> self_;  // until the end
  grpc::Status status_;
  grpc::ByteBuffer received_bytes_;

  Operation started_{this, &GrpcStream::OnStarted};
  Operation initial_metadata_{this, &GrpcStream::OnInitialMetadata};
  Operation sent_{this, &GrpcStream::OnSentBack};
  Operation received_{this, &GrpcStream::OnReceivedBack};
  Operation finished_{this, &GrpcStream::OnFinished};

  // Pump thread.
  ByteStreamEvents events_;
  bool has_initial_metadata_ = false;
  bool finished_back_ = false;

  Mutex mutex_;
  int pending_ ABSL_GUARDED_BY(mutex_) = 0;  // operations
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  OnSent on_sent_ ABSL_GUARDED_BY(mutex_);
  OnReceived on_received_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<ByteStream> GrpcStreamTransport::Start(ExchangeRequest request,
                                                       wire::Connection& connection,
                                                       ByteStreamEvents events) {
  if (!environment_->EnterAttempt()) return nullptr;
  auto stream = std::make_shared<GrpcStream>(environment_, std::move(events));
  stream->Begin(stream, request, *context_, connection.channel());
  return stream;
}

}  // namespace mesh::call
