#include "mesh/call/attempts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mesh/call/attempt_report.h"

namespace mesh::call {

Attempts::Attempts(std::shared_ptr<ChannelCore> core, std::unique_ptr<Transport> transport,
                   UnaryCall call)
    : core_(std::move(core)),
      transport_(std::move(transport)),
      search_(core_.get(), std::move(call)),
      body_(std::move(call.body)) {
  search_.call().unary = true;
}

Attempts::~Attempts() = default;

void Attempts::Start(Done done) {
  done_ = std::move(done);
  // Until the call is in the serializer's hands the mesh must not go.
  const EpochReader reader(*core_->environment()->epochs());
  HoldUnlessTaken(Advance());
}

// Also what waits for a while looks again when it is held: the news may have come before.
void Attempts::HoldUnlessTaken(Step step) {
  if (step != Step::kTaken) core_->Hold(shared_from_this());
}

void Attempts::StartHeld(absl::Cord body, Done done) {
  body_ = std::move(body);
  done_ = std::move(done);
  const EpochReader reader(*core_->environment()->epochs());
  core_->Hold(shared_from_this());
}

void Attempts::Cancel(int code, std::string message) {
  std::shared_ptr<Exchange> exchange;
  {
    MutexLock lock(&mutex_);
    if (finished_) return;
    if (!cancelled_.has_value()) cancelled_ = Status{code, std::move(message)};
    exchange = in_flight_.handle();
  }
  if (exchange != nullptr) {
    exchange->Cancel();
  } else {
    core_->Nudge(shared_from_this());
  }
}

Waiter::Step Attempts::Advance() {
  if (EndIfCancelled()) return Step::kTaken;
  const EpochReader reader(*core_->environment()->epochs());
  NextStep step = search_.Look(reader);
  if (auto* go = std::get_if<GoTo>(&step)) {
    BeginAttempt(std::move(*go));
    return Step::kTaken;
  }
  if (std::holds_alternative<WaitFor>(step)) {
    return search_.out_of_date() ? Step::kWaitAWhile : Step::kWait;
  }
  GiveUp& give_up = std::get<GiveUp>(step);
  if (last_.has_value()) {
    Finish(std::move(last_));
  } else if (!search_.call().tried.empty() && (!give_up.for_good || give_up.dropped)) {
    // What the call's native attempt ended with tells more.
    Finish(std::nullopt);
  } else {
    Finish(DroppedResponse(core_->Explain(give_up.status.message()), give_up.overloaded));
  }
  return Step::kTaken;
}

void Attempts::BeginAttempt(GoTo step) {
  permit_ = std::move(step.permit);
  policy_ = step.route->retry;
  attempt_start_ = core_->environment()->clock().Now();

  ExchangeRequest request = search_.Request();
  request.body = body_;
  uint64_t generation;
  {
    MutexLock lock(&mutex_);
    generation = in_flight_.Begin();
  }
  std::shared_ptr<Exchange> exchange =
      transport_->Start(std::move(request), permit_.connection(),
                        [self = shared_from_this()](ExchangeResponse response) {
                          self->OnAttemptDone(std::move(response));
                        });
  if (exchange == nullptr) {
    permit_ = cluster::Permit();
    Finish(GoneResponse());
    return;
  }
  bool cancelled;
  {
    MutexLock lock(&mutex_);
    in_flight_.SetHandle(generation, exchange);
    cancelled = cancelled_.has_value();
  }
  if (cancelled) exchange->Cancel();
}

void Attempts::OnAttemptDone(ExchangeResponse response) {
  std::shared_ptr<Exchange> ended;
  {
    MutexLock lock(&mutex_);
    ended = in_flight_.End();
  }
  CallEnvironment& environment = *core_->environment();
  CallInfo& call = search_.call();
  const absl::Time now = environment.clock().Now();
  NoteAttempt(response.code, response.delivered, now, &call);
  EndAttempt(
      {call.path, static_cast<uint32_t>(call.tried.size() - 1), response.code, response.delivered,
       attempt_start_, now, FindLoadReport(permit_, response.trailing_metadata)},
      *core_, call.trace.get(), &permit_);
  switch (DecideRetry(policy_, call.counts,
                      {response.code, response.delivered, response.has_initial_metadata},
                      call.wait_for_ready)) {
    case RetryDecision::kFinal:
      Finish(std::move(response));
      return;
    case RetryDecision::kElsewhere:
      ++call.counts.elsewhere;
      environment.Add(CallEnvironment::Count::kElsewhere);
      break;
    case RetryDecision::kRetry:
      ++call.counts.retries;
      environment.Add(CallEnvironment::Count::kRetries);
      break;
    case RetryDecision::kWait:
      search_.SetFailure(absl::UnavailableError(response.message));
      core_->HoldForAWhile(shared_from_this());
      return;
  }
  last_ = std::move(response);
  const EpochReader reader(*environment.epochs());
  HoldUnlessTaken(Advance());
}

bool Attempts::EndIfCancelled() {
  {
    MutexLock lock(&mutex_);
    if (!cancelled_.has_value()) return false;
  }
  Finish(std::nullopt);
  return true;
}

void Attempts::EndWait(int code, std::string message) { FinishWith(code, std::move(message)); }

void Attempts::FinishWith(int code, std::string message) {
  Finish(UndeliveredResponse(code, std::move(message)));
}

void Attempts::Finish(std::optional<ExchangeResponse> response) {
  {
    MutexLock lock(&mutex_);
    if (finished_) return;
    finished_ = true;
    // What failed because it was cancelled says so in the words of who cancelled it.
    if (cancelled_.has_value() && !(response.has_value() && response->code == 0)) {
      if (!response.has_value()) response.emplace();
      response->code = cancelled_->code;
      response->message = std::move(cancelled_->message);
      response->details.clear();
    }
  }
  Done done = std::move(done_);
  done(std::move(response));
}

}  // namespace mesh::call
