#include "mesh/call/grpc_transport.h"

#include <utility>

#include "absl/strings/match.h"
#include "grpcpp/channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "mesh/call/bytes.h"
#include "mesh/call/call_access.h"
#include "mesh/call/grpc_parts.h"
#include "mesh/wire/pump.h"

namespace mesh::call {
namespace {

using ReceivedMetadata = std::multimap<grpc::string_ref, grpc::string_ref>;

std::string ToString(const grpc::string_ref& text) { return std::string(text.data(), text.size()); }

Metadata ToMetadata(const ReceivedMetadata& map) {
  Metadata metadata;
  metadata.reserve(map.size());
  for (const auto& entry : map) {
    metadata.emplace_back(ToString(entry.first), ToString(entry.second));
  }
  return metadata;
}

// A deadline of the mesh's clock, for gRPC.
gpr_timespec ToTimespec(absl::Time deadline, const Clock& clock) {
  if (deadline == absl::InfiniteFuture()) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  const int64_t nanoseconds = absl::ToInt64Nanoseconds(deadline - clock.Now());
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(nanoseconds, GPR_TIMESPAN));
}

// Keeps itself from Start() until its event.
class GrpcExchange final : public Exchange, public wire::Pump::Tag {
 public:
  GrpcExchange(std::shared_ptr<CallEnvironment> environment, Transport::OnDone on_done)
      : environment_(std::move(environment)),
        hold_(std::make_unique<wire::Pump::Hold>(environment_->grpc().pump())),
        on_done_(std::move(on_done)) {}

  static std::shared_ptr<Exchange> Start(std::shared_ptr<GrpcExchange> self,
                                         ExchangeRequest request, grpc::ClientContext* caller,
                                         const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext& context = self->context_;
    call_access::CopyCallOptions(*caller, &context);
    for (const auto& entry : request.metadata) context.AddMetadata(entry.first, entry.second);
    context.set_deadline(ToTimespec(request.deadline, self->environment_->clock()));
    call_access::Authority(context) = std::move(request.authority);
    grpc::GenericStub stub(channel);
    self->reader_ = stub.PrepareUnaryCall(&context, request.path, ToByteBuffer(request.body),
                                          self->environment_->grpc().pump()->queue());
    self->self_ = self;
    self->reader_->StartCall();
    self->reader_->Finish(&self->body_, &self->status_, static_cast<wire::Pump::Tag*>(self.get()));
    return self;
  }

  void Cancel() override { context_.TryCancel(); }

  void OnEvent(bool) override {
    const std::shared_ptr<GrpcExchange> self = std::move(self_);
    Transport::OnDone on_done = std::move(on_done_);
    // This may begin another attempt: only then the pump may stop to block, and the mesh go.
    on_done(TakeResponse());
    hold_.reset();
    environment_->ExitAttempt();
  }

 private:
  ExchangeResponse TakeResponse() {
    ExchangeResponse response;
    response.code = status_.error_code();
    response.message = status_.error_message();
    response.details = status_.error_details();
    response.debug_text = context_.debug_error_string();
    response.initial_metadata = ToMetadata(context_.GetServerInitialMetadata());
    response.has_initial_metadata = !response.initial_metadata.empty();
    response.trailing_metadata = ToMetadata(context_.GetServerTrailingMetadata());
    response.peer = context_.peer();
    response.delivered = !IsChannelTarget(response.peer);
    if (status_.ok()) response.body = ToCord(body_);
    return response;
  }

  const std::shared_ptr<CallEnvironment> environment_;
  std::unique_ptr<wire::Pump::Hold> hold_;
  Transport::OnDone on_done_;
  grpc::ClientContext context_;
  grpc::ByteBuffer body_;
  grpc::Status status_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader_;
  std::shared_ptr<GrpcExchange> self_;
};

}  // namespace

bool IsChannelTarget(absl::string_view peer) { return absl::StrContains(peer, ":///"); }

GrpcTransport::GrpcTransport(std::shared_ptr<CallEnvironment> environment,
                             grpc::ClientContext* context)
    : environment_(std::move(environment)), context_(context) {}

std::shared_ptr<Exchange> GrpcTransport::Start(ExchangeRequest request,
                                               wire::Connection& connection, OnDone on_done) {
  if (!environment_->EnterAttempt()) return nullptr;
  return GrpcExchange::Start(std::make_shared<GrpcExchange>(environment_, std::move(on_done)),
                             std::move(request), context_, connection.channel());
}

}  // namespace mesh::call
