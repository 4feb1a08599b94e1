#include "mesh/call/grpc_attempt.h"

#include "absl/strings/match.h"
#include "mesh/call/call_access.h"

namespace mesh::call {
namespace {

std::string ToString(const grpc::string_ref& text) { return std::string(text.data(), text.size()); }

// A deadline of the mesh's clock, for gRPC.
gpr_timespec ToTimespec(absl::Time deadline, const Clock& clock) {
  if (deadline == absl::InfiniteFuture()) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  const int64_t nanoseconds = absl::ToInt64Nanoseconds(deadline - clock.Now());
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(nanoseconds, GPR_TIMESPAN));
}

}  // namespace

bool MayBeDelivered(int code, absl::string_view peer) {
  return code == grpc::StatusCode::DEADLINE_EXCEEDED || !absl::StrContains(peer, ":///");
}

void PrepareContext(const ExchangeRequest& request, grpc::ClientContext& application,
                    const Clock& clock, grpc::ClientContext* context) {
  call_access::CopyCallOptions(application, context);
  for (const auto& entry : request.metadata) context->AddMetadata(entry.first, entry.second);
  context->set_deadline(ToTimespec(request.deadline, clock));
  call_access::Authority(*context) = request.authority;
}

Metadata ToMetadata(const std::multimap<grpc::string_ref, grpc::string_ref>& map) {
  Metadata metadata;
  metadata.reserve(map.size());
  for (const auto& entry : map) {
    metadata.emplace_back(ToString(entry.first), ToString(entry.second));
  }
  return metadata;
}

ExchangeResponse ToResponse(const grpc::Status& status, const grpc::ClientContext& context) {
  ExchangeResponse response;
  response.code = status.error_code();
  response.message = status.error_message();
  response.details = status.error_details();
  response.debug_text = context.debug_error_string();
  response.trailing_metadata = ToMetadata(context.GetServerTrailingMetadata());
  response.peer = context.peer();
  response.delivered = MayBeDelivered(response.code, response.peer);
  return response;
}

}  // namespace mesh::call
