#include "mesh/cluster/stall_guard.h"

#include <algorithm>
#include <utility>

namespace mesh::cluster {
namespace {

using wire::ConnectionState;

model::HealthCheck ProbeCheck() {
  model::HealthCheck check;
  check.kind = model::HealthCheck::Grpc{};
  check.timeout = StallGuard::kProbeTimeout;
  check.interval = StallGuard::kProbeEvery;
  return check;
}

}  // namespace

StallGuard::StallGuard(Options options, std::function<void(TableEndpoint&)> judge)
    : options_(std::move(options)), judge_(std::move(judge)), check_(ProbeCheck()) {}

bool StallGuard::is_stalled(const Endpoint* endpoint) const {
  const auto found = watches_.find(endpoint);
  return found != watches_.end() && found->second.stalled;
}

void StallGuard::Suspect(const Endpoint* suspect) {
  TableEndpoint* const endpoint = options_.table->Find(suspect);
  if (endpoint == nullptr || watches_.count(suspect) > 0) return;
  options_.serializer->AssertHeld();
  watches_[suspect].timer =
      options_.serializer->After(kConfirmAfter, [this, endpoint] { Confirm(endpoint); });
}

void StallGuard::Forget(const Endpoint* endpoint) {
  TableEndpoint* const found = options_.table->Find(endpoint);
  if (found != nullptr && watches_.count(endpoint) > 0) {
    found->endpoint()->NoteAnswer();  // another connection begins anew
    End(found);
  } else {
    Erase(endpoint);
  }
}

void StallGuard::Confirm(TableEndpoint* endpoint) {
  if (endpoint->endpoint()->unanswered() < kFewestUnanswered ||
      endpoint->connection_state() != ConnectionState::kReady) {
    return End(endpoint);
  }
  Watch& watch = watches_[endpoint->endpoint()];
  if (!watch.stalled && 2 * (stalled_ + 1) <= options_.table->ready()) {
    watch.stalled = true;
    ++stalled_;
    judge_(*endpoint);
  }
  Probe(endpoint);
}

bool StallGuard::Erase(const Endpoint* endpoint) {
  const auto found = watches_.find(endpoint);
  if (found == watches_.end()) return false;
  const bool was_stalled = found->second.stalled;
  if (was_stalled) --stalled_;
  watches_.erase(found);
  return was_stalled;
}

void StallGuard::Probe(TableEndpoint* endpoint) {
  if (options_.prober == nullptr) return LookAgain(endpoint);
  wire::ProbeRequest request;
  request.check = &check_;
  request.address = endpoint->endpoint()->address();
  request.authority = options_.authority;
  request.connection = endpoint->share()->connection();
  watches_[endpoint->endpoint()].probe = options_.prober->Start(
      request, [this, key = static_cast<const Endpoint*>(endpoint->endpoint())](
                   const wire::ProbeResult& result) { OnProbed(key, result); });
}

void StallGuard::OnProbed(const Endpoint* key, const wire::ProbeResult& result) {
  TableEndpoint* const endpoint = options_.table->Find(key);
  if (endpoint == nullptr) return;
  if (IsAnswer(result.outcome)) {
    endpoint->endpoint()->NoteAnswer();
    return End(endpoint);
  }
  LookAgain(endpoint);
}

void StallGuard::LookAgain(TableEndpoint* endpoint) {
  // In between, an answer to a call shows in the number of those that await one.
  if (endpoint->endpoint()->unanswered() == 0) return End(endpoint);
  options_.serializer->AssertHeld();
  const absl::Duration wait =
      kProbeEvery + kProbeEvery * 0.5 * static_cast<double>(options_.random->Next() % 1000) / 1000;
  watches_[endpoint->endpoint()].timer =
      options_.serializer->After(wait, [this, endpoint] { Confirm(endpoint); });
}

void StallGuard::End(TableEndpoint* endpoint) {
  const bool was_stalled = Erase(endpoint->endpoint());
  endpoint->endpoint()->ForgetStall();
  if (was_stalled) judge_(*endpoint);
}

}  // namespace mesh::cluster
