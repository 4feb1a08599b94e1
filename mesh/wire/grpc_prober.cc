#include "mesh/wire/grpc_prober.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "grpc/support/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "mesh/wire/byte_buffer.h"
#include "mesh/wire/health_message.h"

namespace mesh::wire {
namespace {

gpr_timespec In(absl::Duration timeout) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(absl::ToInt64Nanoseconds(timeout), GPR_TIMESPAN));
}

// One call. It lives until it has come back, which may be after its probe is gone.
// Serializer-bound: the pump's thread only posts that it is back.
class HealthCall final : public Pump::Tag, public std::enable_shared_from_this<HealthCall> {
 public:
  HealthCall(Serializer* serializer, std::shared_ptr<Reaper> reaper, Prober::OnDone done)
      : serializer_(serializer), reaper_(std::move(reaper)), done_(std::move(done)) {}

  void Start(const std::shared_ptr<grpc::Channel>& channel, grpc::CompletionQueue* queue,
             const ProbeRequest& request) {
    const auto& check = std::get<model::HealthCheck::Grpc>(request.check->kind);
    context_.set_deadline(In(request.check->timeout));
    if (!request.authority.empty()) context_.set_authority(request.authority);
    for (const auto& [name, value] : check.metadata) context_.AddMetadata(name, value);
    reader_ = grpc::GenericStub(channel).PrepareUnaryCall(
        &context_, std::string(kHealthCheckMethod),
        ToByteBuffer(EncodeHealthCheckRequest(check.service_name)), queue);
    self_ = shared_from_this();
    reader_->StartCall();
    reader_->Finish(&response_, &status_, static_cast<Pump::Tag*>(this));
  }

  // Without a call.
  void Fail(std::string text) {
    serializer_->Post([self = shared_from_this(), text = std::move(text)] {
      self->Deliver({ProbeOutcome::kNetwork, text});
    });
  }

  void Cancel() {
    done_ = nullptr;
    context_.TryCancel();
  }

 private:
  void OnEvent(bool) override {
    Serializer* const serializer = serializer_;
    // The last use of this here: the call may end with the task, run or not.
    serializer->Post([self = std::move(self_)]() mutable {
      const std::shared_ptr<Reaper> reaper = self->reaper_;
      self->Deliver(ToProbeResult(self->status_.error_code(), self->status_.error_message(),
                                  ToBytes(self->response_)));
      // It may have the last reference to the channel.
      reaper->Destroy([self = std::move(self)] {});
    });
  }

  void Deliver(const ProbeResult& result) {
    if (done_ == nullptr) return;
    Prober::OnDone done = std::move(done_);
    done_ = nullptr;
    done(result);
  }

  Serializer* const serializer_;
  const std::shared_ptr<Reaper> reaper_;
  Prober::OnDone done_;  // null once cancelled or done
  grpc::ClientContext context_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader_;
  std::shared_ptr<HealthCall> self_;  // while gRPC has the tag
};

class GrpcProbe final : public Probe {
 public:
  explicit GrpcProbe(std::shared_ptr<HealthCall> call) : call_(std::move(call)) {}
  ~GrpcProbe() override { call_->Cancel(); }

 private:
  const std::shared_ptr<HealthCall> call_;
};

bool CanCall(ConnectionState state) {
  return state == ConnectionState::kReady || state == ConnectionState::kConnecting;
}

}  // namespace

GrpcProber::GrpcProber(Options options) : options_(std::move(options)) {}

std::unique_ptr<Probe> GrpcProber::Start(const ProbeRequest& request, OnDone done) {
  auto call = std::make_shared<HealthCall>(options_.serializer, options_.reaper, std::move(done));
  Connection* const connection = request.connection.get();
  if (connection == nullptr) {
    call->Fail("no connection");
  } else if (const ConnectionState state = connection->state(); !CanCall(state)) {
    call->Fail(absl::StrCat("the connection is ", ToString(state)));
  } else {
    // The call itself keeps the channel.
    const ConnectionUse use = connection->Use();
    call->Start(use.connection()->channel(), options_.pump->queue(), request);
  }
  return std::make_unique<GrpcProbe>(std::move(call));
}

}  // namespace mesh::wire
