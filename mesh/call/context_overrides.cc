#include "mesh/call/context_overrides.h"

#include <utility>

#include "mesh/call/call_access.h"

namespace mesh::call {
namespace {

// The authority of this thread's last call: most threads call one target again and again, and a
// string that is there need not be made. Empty while a context has it.
thread_local std::string spare_authority;

}  // namespace

DeadlineOverride::DeadlineOverride(grpc::ClientContext* context, absl::Duration timeout) {
  if (timeout == absl::InfiniteDuration()) return;
  const gpr_timespec own = context->raw_deadline();
  const gpr_timespec limit =
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                   gpr_time_from_nanos(absl::ToInt64Nanoseconds(timeout), GPR_TIMESPAN));
  if (gpr_time_cmp(gpr_convert_clock_type(own, GPR_CLOCK_MONOTONIC), limit) <= 0) return;
  context_ = context;
  deadline_ = own;
  context->set_deadline(limit);
}

DeadlineOverride::~DeadlineOverride() {
  if (context_ != nullptr) context_->set_deadline(deadline_);
}

AuthorityOverride::AuthorityOverride(grpc::ClientContext* context, const std::string& authority) {
  std::string& slot = call_access::Authority(*context);
  if (!slot.empty() || authority.empty()) return;
  context_ = context;
  if (spare_authority != authority) spare_authority = authority;
  slot.swap(spare_authority);
}

AuthorityOverride::~AuthorityOverride() {
  if (context_ == nullptr) return;
  std::string& slot = call_access::Authority(*context_);
  spare_authority = std::move(slot);
  slot.clear();
}

}  // namespace mesh::call
