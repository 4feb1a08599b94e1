#include "tests/simulation/sim_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mesh/call/attempt_report.h"

namespace mesh::simulation {
namespace {

constexpr int kCancelled = 1;
constexpr int kUnavailable = 14;

}  // namespace

SimCall::SimCall(uint64_t number, CallSpec spec, World world, Done done)
    : world_(std::move(world)), done_(std::move(done)), random_(world_.dice->Number()) {
  end_.number = number;
  end_.spec = std::move(spec);
  end_.start = world_.trace->now();
  start_ = world_.core->environment()->clock().Now();
  deadline_ = start_ + end_.spec.timeout;
}

SimCall::~SimCall() { Leave(); }

// Mirrors Channel::CreateCall.
void SimCall::Begin() {
  world_.trace->Note("call ", number(), " of ", end_.spec.target,
                     end_.spec.managed ? ", managed" : "",
                     end_.spec.wait_for_ready ? ", waits" : "");
  const bool entered = world_.core->registry().Add(this);
  if (!entered) return Finish(kUnavailable, "mesh was destroyed");
  call::CallEnvironment& environment = *world_.core->environment();
  if (end_.spec.managed) {
    attempts_ = std::make_shared<call::Attempts>(world_.core, NewTransport(), Describe());
    attempts_->Start([self = shared_from_this()](std::optional<call::ExchangeResponse> response) {
      self->Finish(response.has_value() ? response->code : kUnavailable,
                   response.has_value() ? response->message : "gone");
    });
    return;
  }
  std::optional<call::NextStep> step;
  {
    const EpochReader reader(*environment.epochs());
    step = call::ChooseNextStep(world_.core->config(reader), end_.spec.path, random_, {}, reader);
    if (auto* go = std::get_if<call::GoTo>(&*step)) {
      world_.ledger->OnPick(end_.spec.target, go->route->Choose(random_).cluster->name(),
                            *go->permit.endpoint());
      BeginNative(std::move(*go));
      return;
    }
  }
  const auto* const give_up = std::get_if<call::GiveUp>(&*step);
  if (give_up != nullptr && (give_up->for_good || !end_.spec.wait_for_ready)) {
    return Finish(kUnavailable, world_.core->Explain(give_up->status.message()));
  }
  environment.Add(call::CallEnvironment::Count::kHeld);
  world_.trace->Note("call ", number(), " is held");
  attempts_ = std::make_shared<call::Attempts>(world_.core, NewTransport(), Describe());
  attempts_->StartHeld(absl::Cord("body"),
                       [self = shared_from_this()](std::optional<call::ExchangeResponse> response) {
                         self->Finish(response.has_value() ? response->code : kUnavailable,
                                      response.has_value() ? response->message : "gone");
                       });
}

call::UnaryCall SimCall::Describe() const {
  call::UnaryCall call;
  call.path = end_.spec.path;
  call.authority = world_.core->authority();
  call.body = absl::Cord("body");
  call.start = start_;
  call.deadline = deadline_;
  call.wait_for_ready = end_.spec.wait_for_ready;
  call.key.random = random_;
  return call;
}

std::unique_ptr<SimTransport> SimCall::NewTransport() {
  auto options = std::make_shared<SimTransport::Options>();
  options->call = number();
  options->network = world_.network;
  options->environment = world_.core->environment();
  // Weak, because the call holds what holds these.
  const std::weak_ptr<SimCall> weak = weak_from_this();
  options->on_start = [weak](const SimConnection& connection) {
    if (const auto self = weak.lock()) self->OnAttemptStart(connection);
  };
  options->on_end = [weak](const SimConnection&, call::ExchangeResponse* response) {
    if (const auto self = weak.lock()) self->OnAttemptEnd(response);
  };
  return std::make_unique<SimTransport>(std::move(options));
}

// Mirrors RescuableCall.
void SimCall::BeginNative(call::GoTo step) {
  permit_ = std::move(step.permit);
  held_ = permit_.endpoint();
  retry_ = step.route->retry;
  call::ExchangeRequest request;
  request.path = end_.spec.path;
  request.deadline = std::min(deadline_, start_ + step.route->timeout);
  cluster::Endpoint* const endpoint = permit_.endpoint();
  exchange_ = NewTransport()->Start(std::move(request), endpoint->connection(),
                                    [self = shared_from_this()](call::ExchangeResponse response) {
                                      self->OnNativeDone(std::move(response));
                                    });
  if (world_.planted && world_.plant == Plant::kReturnsPermitEarly) permit_ = cluster::Permit();
  if (exchange_ == nullptr) {
    held_ = nullptr;
    permit_ = cluster::Permit();
    Finish(kUnavailable, "mesh was destroyed");
  }
}

void SimCall::OnNativeDone(call::ExchangeResponse response) {
  held_ = nullptr;
  exchange_ = nullptr;
  if (world_.planted && world_.plant == Plant::kLosesStatus) return;
  const cluster::Endpoint* const tried = permit_.endpoint();
  if (world_.planted && world_.plant == Plant::kLeaksPermit) {
    world_.leaked->push_back(std::move(permit_));
  } else {
    const absl::Time now = world_.core->environment()->clock().Now();
    call::EndAttempt({end_.spec.path, 0, response.code, response.delivered, now, now,
                      call::FindLoadReport(permit_, response.trailing_metadata)},
                     *world_.core, nullptr, &permit_);
  }
  const call::RetryDecision decision = call::DecideRetry(
      retry_, {}, {response.code, response.delivered, false}, end_.spec.wait_for_ready);
  if (end_reason_.has_value() || decision == call::RetryDecision::kFinal) {
    return Finish(response.code, std::move(response.message));
  }
  Rescue(decision, tried, std::move(response));
}

void SimCall::Rescue(call::RetryDecision decision, const cluster::Endpoint* tried,
                     call::ExchangeResponse native) {
  call::UnaryCall call = Describe();
  call.tried.push_back(tried);
  call::NoteAttempt(native.code, native.delivered, world_.core->environment()->clock().Now(),
                    &call);
  if (decision == call::RetryDecision::kElsewhere) {
    call.counts.elsewhere = 1;
  } else {
    call.counts.retries = 1;
  }
  world_.trace->Note(
      "call ", number(),
      decision == call::RetryDecision::kElsewhere ? " goes elsewhere" : " is retried");
  attempts_ = std::make_shared<call::Attempts>(world_.core, NewTransport(), std::move(call));
  attempts_->Start([self = shared_from_this(),
                    native = std::move(native)](std::optional<call::ExchangeResponse> response) {
    const call::ExchangeResponse& last = response.has_value() ? *response : native;
    self->Finish(last.code, last.message);
  });
}

void SimCall::Cancel() {
  if (!end_reason_.has_value()) end_reason_ = absl::CancelledError("cancelled by the application");
  if (attempts_ != nullptr) {
    attempts_->Cancel(kCancelled, "cancelled by the application");
  } else if (exchange_ != nullptr) {
    exchange_->Cancel();
  }
}

call::CallRegistry::Canceller SimCall::GetCanceller(const absl::Status& reason) {
  return [self = shared_from_this(), text = std::string(reason.message())] {
    if (!self->end_reason_.has_value()) self->end_reason_ = absl::UnavailableError(text);
    if (self->attempts_ != nullptr) {
      self->attempts_->Cancel(kUnavailable, text);
    } else if (self->exchange_ != nullptr) {
      self->exchange_->Cancel();
    }
  };
}

void SimCall::OnAttemptStart(const SimConnection& connection) {
  ++end_.attempts;
  end_.address = connection.address();
  world_.ledger->OnPick(end_.spec.target, "", connection.address());
  if (connection.known_lost()) {
    world_.violations->Add(Invariant::kPicks, "call ", number(), " picked ", connection.address(),
                           ", whose connection is known to be lost");
  }
  // The policy that the attempt goes by is the newest one's.
  const ConfigLedger::Config& config = world_.ledger->current(end_.spec.target);
  if (config == nullptr) return;
  for (const model::Route& route : config->virtual_host->routes) {
    if (!route.retry.has_value() || route.retry->retry_on.empty()) continue;
    allowed_retries_ = std::max(allowed_retries_, route.retry->num_retries);
  }
}

void SimCall::OnAttemptEnd(call::ExchangeResponse* response) {
  if (response->delivered && ++end_.delivered > allowed_retries_ + 1) {
    world_.violations->Add(Invariant::kReplays, "call ", number(), " was given to a server ",
                           end_.delivered, " times, with ", allowed_retries_, " retries allowed");
  }
  if (world_.planted && world_.plant == Plant::kForgetsDelivery && response->code == kUnavailable) {
    response->delivered = false;
  }
}

void SimCall::Finish(int code, std::string message) {
  const int times = world_.planted && world_.plant == Plant::kTwoStatuses ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    if (++ended_ > 1) {
      world_.violations->Add(Invariant::kOneStatus, "call ", number(), " has ended before");
    }
  }
  const std::shared_ptr<SimCall> self = shared_from_this();
  Leave();
  end_.code = code;
  end_.message = std::move(message);
  end_.end = world_.trace->now();
  world_.trace->Note("call ", number(), " ends with ", code, code == 0 ? "" : ": ",
                     code == 0 ? "" : end_.message);
  if (done_) done_(end_);
}

}  // namespace mesh::simulation
