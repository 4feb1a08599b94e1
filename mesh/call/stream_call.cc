#include "mesh/call/stream_call.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "mesh/call/bytes.h"
#include "mesh/call/grpc_stream_transport.h"

namespace mesh::call {
namespace {

constexpr int kCancelled = 1;
constexpr int kUnavailable = 14;

}  // namespace

StreamCall::StreamCall(ChannelCore* core, absl::string_view path, grpc::ClientContext* context,
                       const CallKey& key, std::shared_ptr<CallTrace::Log> trace)
    : core_(core),
      context_(context),
      stream_(std::make_shared<ManagedStream>(
          core->shared_from_this(),
          std::make_unique<GrpcStreamTransport>(core->environment(), context),
          DescribeCall(*core, path, context, key, std::move(trace)))) {}

StreamCall::~StreamCall() {
  Leave();
  stream_->Abandon();
}

void StreamCall::Begin() {
  stream_->Watch();
  if (!core_->registry().Add(this)) {
    stream_->Cancel(kUnavailable, core_->Explain("mesh was destroyed"));
  }
}

CallRegistry::Canceller StreamCall::GetCanceller(const absl::Status& reason) {
  return [stream = stream_, text = std::string(reason.message())]() mutable {
    stream->Cancel(kUnavailable, std::move(text));
  };
}

void StreamCall::Intercept(Batch* batch) {
  if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_CANCEL)) {
    stream_->Cancel(kCancelled, "cancelled by the application");
    return;
  }
  Progress* const progress = Find(batch);
  switch (progress->phase) {
    case Phase::kSending:
      Send(progress);
      break;
    case Phase::kReceiving:
      Receive(progress);
      break;
    case Phase::kAnswered: {
      MutexLock lock(&mutex_);
      batches_.erase(std::find_if(batches_.begin(), batches_.end(),
                                  [&](const auto& known) { return known.get() == progress; }));
    }
      batch->Proceed();
  }
}

StreamCall::Progress* StreamCall::Find(Batch* batch) {
  MutexLock lock(&mutex_);
  for (const auto& known : batches_) {
    if (known->batch == batch) return known.get();
  }
  batches_.push_back(std::make_unique<Progress>());
  batches_.back()->batch = batch;
  return batches_.back().get();
}

// gRPC takes it that a message was not sent only before it asks for what is to be received.
void StreamCall::Send(Progress* progress) {
  Batch* const batch = progress->batch;
  const auto on_sent = [this, progress](bool ok) { OnSent(progress, ok); };
  // A batch that was hijacked keeps its metadata, and is used again for messages.
  if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_INITIAL_METADATA) &&
      !started_.exchange(true)) {
    ++progress->pending;
    // Whether metadata were sent a batch cannot be told: what follows fails.
    stream_->Start([this, progress](bool) { OnSent(progress, true); });
  }
  const bool closes = batch->QueryInterceptionHookPoint(Point::PRE_SEND_CLOSE);
  if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_MESSAGE)) {
    ++progress->pending;
    stream_->Send(ToCord(*batch->GetSerializedSendMessage()), closes, on_sent);
  } else if (closes) {
    ++progress->pending;
    stream_->CloseSending([this, progress](bool) { OnSent(progress, true); });
  }
  OnSent(progress, true);
}

void StreamCall::OnSent(Progress* progress, bool ok) {
  if (!ok) progress->not_sent = true;
  if (--progress->pending > 0) return;
  Batch* const batch = progress->batch;
  if (progress->not_sent) batch->FailHijackedSendMessage();
  progress->phase = Phase::kReceiving;
  batch->Hijack();  // calls Intercept() again, with the PRE_RECV_ points
}

void StreamCall::Receive(Progress* progress) {
  Batch* const batch = progress->batch;
  progress->pending = 1;
  if (batch->QueryInterceptionHookPoint(Point::PRE_RECV_INITIAL_METADATA)) {
    ++progress->pending;
    stream_->GetInitialMetadata([this, progress](const Metadata& metadata) {
      ReplaceMetadata(metadata, progress->batch->GetRecvInitialMetadata());
      OnReceived(progress);
    });
  }
  const bool wants_status = batch->QueryInterceptionHookPoint(Point::PRE_RECV_STATUS);
  if (batch->QueryInterceptionHookPoint(Point::PRE_RECV_MESSAGE)) {
    ++progress->pending;
    stream_->Receive([this, progress](std::optional<absl::Cord> message) {
      FillMessage(progress, std::move(message));
      OnReceived(progress);
    });
  }
  if (wants_status) {
    ++progress->pending;
    stream_->GetEnd([this, progress](const ExchangeResponse& end) {
      FillStatus(progress->batch, end);
      OnReceived(progress);
    });
  }
  OnReceived(progress);
}

void StreamCall::OnReceived(Progress* progress) {
  if (--progress->pending > 0) return;
  Batch* const batch = progress->batch;
  if (progress->not_received) batch->FailHijackedRecvMessage();
  progress->phase = Phase::kAnswered;
  batch->Proceed();  // the application may destroy its context, and this with it
}

void StreamCall::FillMessage(Progress* progress, std::optional<absl::Cord> message) {
  if (!message.has_value()) {
    progress->not_received = true;
    return;
  }
  call_access::GiveMessage(progress->batch, ToByteBuffer(*message));
}

void StreamCall::FillStatus(Batch* batch, const ExchangeResponse& end) {
  *batch->GetRecvStatus() = ToStatus(end);
  ReplaceMetadata(end.trailing_metadata, batch->GetRecvTrailingMetadata());
  call_access::SetDebugErrorString(end.debug_text, context_);
}

}  // namespace mesh::call
