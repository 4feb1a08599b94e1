#include "mesh/call/grpc_transport.h"

#include <utility>

#include "grpcpp/channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "mesh/call/bytes.h"
#include "mesh/call/grpc_attempt.h"
#include "mesh/call/grpc_parts.h"
#include "mesh/wire/pump.h"

namespace mesh::call {
namespace {

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
    PrepareContext(request, *caller, self->environment_->clock(), &context);
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
    ExchangeResponse response = ToResponse(status_, context_);
    response.initial_metadata = ToMetadata(context_.GetServerInitialMetadata());
    response.has_initial_metadata = !response.initial_metadata.empty();
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
