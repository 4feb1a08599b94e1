#include "mesh/cluster/health_checker.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace mesh::cluster {
namespace {

using model::EndpointExtras;
using model::HealthCheck;

bool IsGrpc(const HealthCheck& check) {
  return std::holds_alternative<HealthCheck::Grpc>(check.kind);
}

// Where an endpoint is probed.
std::string ProbeAddress(const std::string& address, const EndpointExtras* extras) {
  const size_t colon = address.rfind(':');
  if (extras == nullptr || extras->health_check_port == 0 || colon == std::string::npos ||
      absl::StartsWith(address, "unix:")) {
    return address;
  }
  return absl::StrCat(address.substr(0, colon), ":", extras->health_check_port);
}

// Whom a probe names: the endpoint's own name goes before the check's (envoy
// HealthCheckerFactory::getHostname).
std::string Authority(const HealthCheck& check, const EndpointExtras* extras,
                      const std::string& cluster) {
  if (extras != nullptr && !extras->health_check_hostname.empty()) {
    return extras->health_check_hostname;
  }
  std::string configured;
  if (const auto* grpc = std::get_if<HealthCheck::Grpc>(&check.kind)) configured = grpc->authority;
  if (const auto* http = std::get_if<HealthCheck::Http>(&check.kind)) configured = http->host;
  return configured.empty() ? cluster : configured;
}

// Whether two endpoints that differ in these are checked alike. Null: none.
bool SameProbe(const EndpointExtras* a, const EndpointExtras* b) {
  const EndpointExtras none;
  if (a == nullptr) a = &none;
  if (b == nullptr) b = &none;
  return a->health_check_hostname == b->health_check_hostname &&
         a->health_check_port == b->health_check_port &&
         a->disable_active_health_check == b->disable_active_health_check;
}

// Whether a connection in that state tells whether there will be one.
bool CanTell(wire::ConnectionState state) {
  return state == wire::ConnectionState::kReady || state == wire::ConnectionState::kFailing;
}

}  // namespace

// One check of one endpoint.
struct HealthChecker::Check {
  Check(Subject* s, size_t i, CheckedHealth start) : subject(s), index(i), state(start) {}

  Subject* const subject;
  const size_t index;  // in checks_
  HealthCheckState state;
  std::string text = "not made yet";  // of the last result
  // Waiting:
  Serializer::Timer timer;
  absl::Time due;
  bool awaits_connection = false;
  // Queued:
  std::optional<std::list<Check*>::iterator> queued;
  // Probing:
  std::unique_ptr<wire::Probe> probe;
};

// An endpoint and its checks.
struct HealthChecker::Subject {
  CheckedHealth Combined() const {
    CheckedHealth combined = CheckedHealth::kHealthy;
    for (const auto& check : checks) combined = Both(combined, check->state.health());
    return combined;
  }

  std::string address;
  std::shared_ptr<const EndpointExtras> extras;
  CheckedHealth health = CheckedHealth::kPending;
  std::vector<std::unique_ptr<Check>> checks;
};

HealthChecker::HealthChecker(Options options, Owner* owner)
    : options_(std::move(options)), owner_(owner) {}

HealthChecker::~HealthChecker() = default;

HealthChecker::Subject* HealthChecker::Find(absl::string_view address) const {
  const auto found = subjects_.find(address);
  return found == subjects_.end() ? nullptr : found->second.get();
}

const HealthCheck& HealthChecker::ConfigOf(const Check& check) const {
  return checks_[check.index];
}

void HealthChecker::Update(std::vector<HealthCheck> checks) {
  std::vector<bool> kept(checks.size());
  for (size_t i = 0; i < checks.size(); ++i)
    kept[i] = i < checks_.size() && checks_[i] == checks[i];
  if (checks.size() == checks_.size() && std::count(kept.begin(), kept.end(), false) == 0) return;
  checks_ = std::move(checks);
  for (const auto& [address, subject] : subjects_) SetChecks(subject.get(), kept);
}

void HealthChecker::Add(absl::string_view address, std::shared_ptr<const EndpointExtras> extras) {
  Subject* subject = Find(address);
  if (subject != nullptr) {
    const bool same = SameProbe(subject->extras.get(), extras.get());
    subject->extras = std::move(extras);
    if (same) return;
  } else {
    auto added = std::make_unique<Subject>();
    subject = added.get();
    subject->address = std::string(address);
    subject->extras = std::move(extras);
    subjects_.emplace(subject->address, std::move(added));
  }
  SetChecks(subject, std::vector<bool>(checks_.size()));
}

void HealthChecker::Remove(absl::string_view address) {
  const auto found = subjects_.find(address);
  if (found == subjects_.end()) return;
  for (const auto& check : found->second->checks) Stop(check.get());
  subjects_.erase(found);
}

void HealthChecker::SetChecks(Subject* subject, const std::vector<bool>& kept) {
  const bool disabled = subject->extras != nullptr && subject->extras->disable_active_health_check;
  std::vector<std::unique_ptr<Check>> old = std::move(subject->checks);
  subject->checks.clear();
  for (size_t i = 0; i < checks_.size() && !disabled; ++i) {
    if (kept[i] && i < old.size()) {
      subject->checks.push_back(std::move(old[i]));
      continue;
    }
    subject->checks.push_back(std::make_unique<Check>(subject, i, subject->health));
    Schedule(subject->checks.back().get(),
             HealthCheckState::InitialDelay(checks_[i], options_.random));
  }
  for (const auto& check : old) {
    if (check != nullptr) Stop(check.get());
  }
  subject->health = subject->Combined();
}

void HealthChecker::Schedule(Check* check, absl::Duration delay) {
  options_.serializer->AssertHeld();
  Stop(check);
  if (delay <= absl::ZeroDuration()) {
    Enqueue(check);
    return ScheduleTurn();
  }
  check->due = options_.clock->Now() + delay;
  check->timer = options_.serializer->After(delay, [this, check] {
    Enqueue(check);
    Turn();
  });
}

void HealthChecker::Stop(Check* check) {
  check->timer.Reset();
  check->awaits_connection = false;
  if (check->queued.has_value()) queue_.erase(*check->queued);
  check->queued.reset();
  if (check->probe == nullptr) return;
  check->probe = nullptr;
  --probing_;
  ScheduleTurn();
}

void HealthChecker::Enqueue(Check* check) { check->queued = queue_.insert(queue_.end(), check); }

void HealthChecker::ScheduleTurn() {
  if (queue_.empty() || turn_.pending()) return;
  options_.serializer->AssertHeld();
  turn_ = options_.serializer->After(absl::ZeroDuration(), [this] { Turn(); });
}

void HealthChecker::Turn() {
  while (!queue_.empty() && probing_ < options_.max_probes) {
    Check* const check = queue_.front();
    queue_.pop_front();
    check->queued.reset();
    Start(check);
  }
}

void HealthChecker::Start(Check* check) {
  const HealthCheck& config = ConfigOf(*check);
  const Subject& subject = *check->subject;
  wire::ProbeRequest request;
  if (IsGrpc(config)) {
    request.connection = owner_->ConnectionTo(subject.address);
    const bool can_tell = request.connection != nullptr && CanTell(request.connection->state());
    if (!can_tell && !check->state.checked()) return AwaitConnection(check);
  }
  request.check = &config;
  request.address = ProbeAddress(subject.address, subject.extras.get());
  request.authority = Authority(config, subject.extras.get(), options_.cluster_name);
  ++probing_;
  check->probe = options_.prober->Start(
      request, [this, check](wire::ProbeResult result) { Finish(check, result); });
}

void HealthChecker::AwaitConnection(Check* check) {
  // NoteConnection() ends that; the interval is for an owner who keeps it to himself.
  Schedule(check, ConfigOf(*check).interval);
  check->awaits_connection = true;
}

void HealthChecker::Finish(Check* check, const wire::ProbeResult& result) {
  const HealthCheck& config = ConfigOf(*check);
  const bool passed = result.outcome == wire::ProbeOutcome::kSuccess;
  check->state.Count(config, result.outcome);
  check->text = result.text;
  Schedule(check, check->state.NextDelay(config, had_calls_, options_.random));

  Subject* const subject = check->subject;
  const std::string address = subject->address;
  const CheckedHealth health = subject->Combined();
  if (health != std::exchange(subject->health, health)) owner_->OnHealth(address, health);
  // The owner may have changed everything.
  if (passed && Find(address) != nullptr && this->health(address) == CheckedHealth::kHealthy) {
    owner_->OnPassed(address);
  }
}

void HealthChecker::NoteCalls() {
  if (had_calls_) return;
  had_calls_ = true;
  for (const auto& [address, subject] : subjects_) {
    for (const auto& check : subject->checks) {
      if (!check->timer.pending() || !check->state.checked()) continue;
      const absl::Duration delay = check->state.NextDelay(ConfigOf(*check), true, options_.random);
      if (options_.clock->Now() + delay < check->due) Schedule(check.get(), delay);
    }
  }
}

void HealthChecker::NoteConnection(absl::string_view address, wire::ConnectionState state) {
  const Subject* const subject = Find(address);
  if (subject == nullptr) return;
  const bool ready = state == wire::ConnectionState::kReady;
  for (const auto& check : subject->checks) {
    if (!check->timer.pending() || !IsGrpc(ConfigOf(*check))) continue;
    const bool awaited = check->awaits_connection && CanTell(state);
    if (awaited || (ready && check->state.health() == CheckedHealth::kUnhealthy))
      Schedule(check.get(), absl::ZeroDuration());
  }
}

CheckedHealth HealthChecker::health(absl::string_view address) const {
  const Subject* const subject = Find(address);
  return subject == nullptr ? CheckedHealth::kHealthy : subject->health;
}

std::string HealthChecker::reason(absl::string_view address) const {
  const Subject* const subject = Find(address);
  if (subject == nullptr || subject->health == CheckedHealth::kHealthy) return "";
  for (const auto& check : subject->checks) {
    if (check->state.health() == subject->health)
      return absl::StrCat("health check: ", check->text);
  }
  return "";
}

}  // namespace mesh::cluster
