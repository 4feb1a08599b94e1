#include "mesh/call/managed_stream.h"

#include <utility>

#include "mesh/call/attempt_report.h"
#include "mesh/call/retry_decision.h"

namespace mesh::call {
namespace {

constexpr int kCancelled = 1;

}  // namespace

ManagedStream::ManagedStream(std::shared_ptr<ChannelCore> core,
                             std::unique_ptr<StreamTransport> transport, CallInfo call)
    : core_(std::move(core)),
      transport_(std::move(transport)),
      search_(core_.get(), std::move(call)) {}

ManagedStream::~ManagedStream() = default;

void ManagedStream::Watch() {
  // Until the call is in the serializer's hands the mesh must not go.
  const EpochReader reader(*core_->environment()->epochs());
  core_->Hold(shared_from_this());
}

void ManagedStream::Start(OnSent on_sent) {
  bool ended;
  {
    MutexLock lock(&mutex_);
    ended = ended_;
    started_ = true;
    if (!ended) on_started_ = std::move(on_sent);
  }
  if (ended) {
    on_sent(false);
  } else {
    core_->Nudge(shared_from_this());
  }
}

void ManagedStream::Send(absl::Cord message, bool last, OnSent on_sent) {
  Enqueue(
      {last ? Sending::kLastMessage : Sending::kMessage, std::move(message), std::move(on_sent)});
}

void ManagedStream::CloseSending(OnSent on_sent) {
  Enqueue({Sending::kClose, absl::Cord(), std::move(on_sent)});
}

void ManagedStream::Enqueue(ToSend to_send) {
  bool ended;
  {
    MutexLock lock(&mutex_);
    ended = ended_;
    if (!ended) to_send_.push_back(std::move(to_send));
  }
  if (ended) {
    to_send.on_sent(false);
  } else {
    SendNext();
  }
}

void ManagedStream::SendNext() {
  std::shared_ptr<ByteStream> stream;
  ToSend next;
  {
    MutexLock lock(&mutex_);
    if (!open_ || in_flight_.handle() == nullptr || sending_ || to_send_.empty()) return;
    sending_ = true;
    stream = in_flight_.handle();
    next = std::move(to_send_.front());
    to_send_.pop_front();
  }
  OnSent on_sent = [self = shared_from_this(), on_sent = std::move(next.on_sent)](bool ok) mutable {
    {
      MutexLock lock(&self->mutex_);
      self->sending_ = false;
    }
    on_sent(ok);
    self->SendNext();
  };
  if (next.what == Sending::kClose) {
    stream->CloseSending(std::move(on_sent));
  } else {
    stream->Send(std::move(next.message), next.what == Sending::kLastMessage, std::move(on_sent));
  }
}

void ManagedStream::Receive(OnReceived on_received) {
  bool ended;
  {
    MutexLock lock(&mutex_);
    ended = ended_;
    if (!ended) to_receive_.push_back(std::move(on_received));
  }
  if (ended) {
    on_received(std::nullopt);
  } else {
    ReceiveNext();
  }
}

void ManagedStream::ReceiveNext() {
  std::shared_ptr<ByteStream> stream;
  OnReceived next;
  {
    MutexLock lock(&mutex_);
    if (!open_ || in_flight_.handle() == nullptr || receiving_ || to_receive_.empty()) return;
    receiving_ = true;
    stream = in_flight_.handle();
    next = std::move(to_receive_.front());
    to_receive_.pop_front();
  }
  stream->Receive([self = shared_from_this(),
                   next = std::move(next)](std::optional<absl::Cord> message) mutable {
    {
      MutexLock lock(&self->mutex_);
      self->receiving_ = false;
    }
    next(std::move(message));
    self->ReceiveNext();
  });
}

void ManagedStream::GetInitialMetadata(OnInitialMetadata on_initial_metadata) {
  {
    MutexLock lock(&mutex_);
    if (!committed_) {
      on_initial_metadata_.push_back(std::move(on_initial_metadata));
      return;
    }
  }
  on_initial_metadata(initial_metadata_);
}

void ManagedStream::GetEnd(OnEnd on_end) {
  {
    MutexLock lock(&mutex_);
    if (!ended_) {
      on_end_.push_back(std::move(on_end));
      return;
    }
  }
  on_end(end_);
}

void ManagedStream::Cancel(int code, std::string message) {
  std::shared_ptr<ByteStream> stream;
  {
    MutexLock lock(&mutex_);
    if (ended_) return;
    if (!cancelled_.has_value()) cancelled_ = Status{code, std::move(message)};
    stream = in_flight_.handle();
  }
  if (stream != nullptr) {
    stream->Cancel();
  } else {
    core_->Nudge(shared_from_this());
  }
}

void ManagedStream::Abandon() {
  {
    MutexLock lock(&begin_mutex_);
    abandoned_ = true;
  }
  Cancel(kCancelled, "the call was dropped");
}

Waiter::Step ManagedStream::Advance() {
  if (EndIfCancelled()) return Step::kTaken;
  {
    MutexLock lock(&mutex_);
    if (!started_) return Step::kWait;
  }
  const EpochReader reader(*core_->environment()->epochs());
  NextStep step = search_.Look(reader);
  if (auto* go = std::get_if<GoTo>(&step)) {
    BeginAttempt(std::move(*go));
    return Step::kTaken;
  }
  if (std::holds_alternative<WaitFor>(step)) {
    return search_.out_of_date() ? Step::kWaitAWhile : Step::kWait;
  }
  const GiveUp& give_up = std::get<GiveUp>(step);
  Finish(DroppedResponse(core_->Explain(give_up.status.message()), give_up.overloaded));
  return Step::kTaken;
}

bool ManagedStream::EndIfCancelled() {
  {
    MutexLock lock(&mutex_);
    if (!cancelled_.has_value()) return false;
  }
  Finish(UndeliveredResponse(kCancelled, ""));
  return true;
}

void ManagedStream::EndWait(int code, std::string message) {
  Finish(UndeliveredResponse(code, std::move(message)));
}

void ManagedStream::BeginAttempt(GoTo step) {
  permit_ = std::move(step.permit);
  attempt_start_ = core_->environment()->clock().Now();
  ByteStreamEvents events;
  events.on_started = [self = shared_from_this()](bool ok) { self->OnStarted(ok); };
  events.on_initial_metadata = [self = shared_from_this()](Metadata metadata) {
    self->OnInitialMetadataCame(std::move(metadata));
  };
  events.on_end = [self = shared_from_this()](ExchangeResponse response) {
    self->OnAttemptEnd(std::move(response));
  };
  uint64_t generation;
  {
    MutexLock lock(&mutex_);
    generation = in_flight_.Begin();
  }
  std::shared_ptr<ByteStream> stream;
  {
    MutexLock lock(&begin_mutex_);
    if (!abandoned_) {
      stream = transport_->Start(search_.Request(), permit_.connection(), std::move(events));
    }
  }
  if (stream == nullptr) {
    permit_ = cluster::Permit();
    Finish(GoneResponse());
    return;
  }
  bool cancelled;
  {
    MutexLock lock(&mutex_);
    in_flight_.SetHandle(generation, stream);
    cancelled = cancelled_.has_value();
  }
  if (cancelled) stream->Cancel();
  // It may have been opened before it was known here.
  SendNext();
  ReceiveNext();
}

void ManagedStream::OnStarted(bool ok) {
  if (!ok) return;  // its end says why
  OnSent on_started;
  {
    MutexLock lock(&mutex_);
    open_ = true;
    on_started = std::move(on_started_);
    on_started_ = nullptr;
  }
  if (on_started) on_started(true);
  SendNext();
  ReceiveNext();
}

void ManagedStream::OnInitialMetadataCame(Metadata metadata) {
  std::vector<OnInitialMetadata> waiting;
  {
    MutexLock lock(&mutex_);
    if (committed_) return;
    initial_metadata_ = std::move(metadata);
    committed_ = true;
    waiting.swap(on_initial_metadata_);
  }
  for (OnInitialMetadata& wait : waiting) wait(initial_metadata_);
}

void ManagedStream::OnAttemptEnd(ExchangeResponse response) {
  CallEnvironment& environment = *core_->environment();
  CallInfo& call = search_.call();
  const absl::Time now = environment.clock().Now();
  NoteAttempt(response.code, response.delivered, now, &call);
  std::shared_ptr<ByteStream> ended;
  bool final;
  AttemptOutcome outcome{response.code, response.delivered, false};
  {
    MutexLock lock(&mutex_);
    ended = in_flight_.End();
    outcome.committed = committed_ || open_;
    open_ = false;
    final = cancelled_.has_value();
  }
  EndAttempt(
      {call.path, static_cast<uint32_t>(call.tried.size() - 1), response.code, response.delivered,
       attempt_start_, now, FindLoadReport(permit_, response.trailing_metadata)},
      *core_, call.trace.get(), &permit_);
  // What was sent is not kept: a stream that was open is not tried again.
  const RetryDecision decision =
      final ? RetryDecision::kFinal : DecideRetry({}, call.counts, outcome, call.wait_for_ready);
  if (decision == RetryDecision::kElsewhere) {
    ++call.counts.elsewhere;
    environment.Add(CallEnvironment::Count::kElsewhere);
    core_->Hold(shared_from_this());
  } else if (decision == RetryDecision::kWait) {
    search_.SetFailure(absl::UnavailableError(response.message));
    core_->HoldForAWhile(shared_from_this());
  } else {
    Finish(std::move(response));
  }
}

void ManagedStream::Finish(ExchangeResponse response) {
  OnSent on_started;
  std::deque<ToSend> to_send;
  std::deque<OnReceived> to_receive;
  std::vector<OnInitialMetadata> on_initial_metadata;
  std::vector<OnEnd> on_end;
  {
    MutexLock lock(&mutex_);
    if (ended_) return;
    // What failed because it was cancelled says so in the words of who cancelled it.
    if (cancelled_.has_value() && response.code != 0) {
      response.code = cancelled_->code;
      response.message = std::move(cancelled_->message);
      response.details.clear();
    }
    end_ = std::move(response);
    ended_ = true;
    committed_ = true;
    std::swap(on_started, on_started_);
    to_send.swap(to_send_);
    to_receive.swap(to_receive_);
    on_initial_metadata.swap(on_initial_metadata_);
    on_end.swap(on_end_);
  }
  if (on_started) on_started(false);
  for (ToSend& send : to_send) send.on_sent(false);
  for (OnReceived& receive : to_receive) receive(std::nullopt);
  for (OnInitialMetadata& wait : on_initial_metadata) wait(initial_metadata_);
  for (OnEnd& wait : on_end) wait(end_);
}

}  // namespace mesh::call
