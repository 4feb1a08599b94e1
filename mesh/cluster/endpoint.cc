#include "mesh/cluster/endpoint.h"

namespace mesh::cluster {
namespace {

constexpr int kUnavailable = 14;  // gRPC's code for a lost connection, among other things

}  // namespace

Endpoint::Endpoint(std::string address, std::shared_ptr<Reaper> reaper,
                   std::shared_ptr<Suspicion> suspicion)
    : suspicion_(std::move(suspicion)), address_(std::move(address)), reaper_(std::move(reaper)) {}

void Endpoint::SetConnection(std::shared_ptr<wire::Connection> connection) {
  owned_connection_ = std::move(connection);
  connection_.store(owned_connection_.get(), std::memory_order_release);
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
  if (report.status_code == kUnavailable || !report.delivered) {
    Endpoint& endpoint = *endpoint_;
    if (endpoint.suspicion_ != nullptr &&
        !endpoint.suspected_.exchange(true, std::memory_order_relaxed)) {
      endpoint.suspicion_->OnCallFailed(&endpoint);
    }
  }
  Release();
}

void Permit::Release() {
  if (endpoint_ == nullptr) return;
  request_.Release();
  retry_.Release();
  std::exchange(endpoint_, nullptr)->Release();
}

}  // namespace mesh::cluster
