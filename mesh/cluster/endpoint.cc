#include "mesh/cluster/endpoint.h"

namespace mesh::cluster {
namespace {

constexpr int kCancelled = 1;
constexpr int kDeadlineExceeded = 4;
constexpr int kUnavailable = 14;  // gRPC's code for a lost connection, among other things

}  // namespace

Endpoint::Endpoint(std::string address, std::shared_ptr<Reaper> reaper, Hearing hearing)
    : hearing_(std::move(hearing)), address_(std::move(address)), reaper_(std::move(reaper)) {}

void Endpoint::SuspectStall() {
  if (hearing_.suspicion == nullptr || stall_told_.load(std::memory_order_relaxed)) return;
  if (!stall_told_.exchange(true, std::memory_order_relaxed)) hearing_.suspicion->OnStall(this);
}

void Endpoint::SetConnection(std::shared_ptr<wire::Connection> connection) {
  owned_connection_ = std::move(connection);
  connection_.store(owned_connection_.get(), std::memory_order_release);
  set_connection_state(owned_connection_->state());
}

void Endpoint::ListenForLoad(EndpointLoad::Rules rules) {
  if (rules == nullptr) {
    load_.store(nullptr, std::memory_order_release);
    return;
  }
  const bool calls_tell = !rules->oob_reporting_period.has_value();
  if (owned_load_ == nullptr) {
    owned_load_ = std::make_shared<EndpointLoad>(std::move(rules));
  } else {
    owned_load_->SetRules(std::move(rules));
  }
  load_.store(calls_tell ? owned_load_.get() : nullptr, std::memory_order_release);
}

void Endpoint::ShareLoad(const Endpoint& former) {
  owned_load_ = former.owned_load_;
  load_.store(former.load(), std::memory_order_release);
}

void Endpoint::Retire() {
  if (word_.fetch_or(kRetired, std::memory_order_acq_rel) == 0) Destroy();  // (1)
}

void Endpoint::Release() {
  if (word_.fetch_sub(1, std::memory_order_acq_rel) == (kRetired | 1)) Destroy();  // (2)
}

void Endpoint::Destroy() {
  // Not here: this may be a gRPC callback thread, on which a channel must not die.
  const std::shared_ptr<Reaper> reaper = reaper_;
  reaper->Destroy([owned = std::unique_ptr<Endpoint, Deleter>(this)] {});
}

void Permit::End(const Report& report) {
  if (endpoint_ == nullptr) return;
  Endpoint& endpoint = *endpoint_;
  const Endpoint::Hearing& hearing = endpoint.hearing_;
  if (report.status_code == kUnavailable || !report.delivered) {
    if (hearing.suspicion != nullptr &&
        !endpoint.suspected_.exchange(true, std::memory_order_relaxed)) {
      hearing.suspicion->OnCallFailed(&endpoint);
    }
  }
  if (hearing.rules != nullptr) {
    const Crossings crossings =
        endpoint.counters_.Record(report.status_code, report.delivered, *hearing.rules);
    if (!crossings.empty() && hearing.suspicion != nullptr) {
      hearing.suspicion->OnFailuresInARow(&endpoint, crossings);
    }
  }
  if (!report.load_report.value.empty()) {
    if (EndpointLoad* const load = endpoint.load()) load->Record(report.load_report, report.end);
  }
  // Neither a deadline nor the caller's cancellation is an answer of the server's.
  if (awaits_answer_ && report.status_code != kDeadlineExceeded &&
      report.status_code != kCancelled) {
    endpoint.NoteAnswer();
  }
  Release();
}

void Permit::Release() {
  if (endpoint_ == nullptr) return;
  use_.Release();  // before the endpoint, which keeps what counts it
  request_.Release();
  retry_.Release();
  std::exchange(endpoint_, nullptr)->Release();
}

}  // namespace mesh::cluster
