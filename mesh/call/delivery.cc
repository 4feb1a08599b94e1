#include "mesh/call/delivery.h"

#include <string>
#include <utility>

#include "mesh/call/bytes.h"

namespace mesh::call {

void ReplaceMetadata(const Metadata& from, ReceivedMetadata* to) {
  to->clear();
  for (const auto& entry : from) {
    to->emplace(grpc::string_ref(entry.first.data(), entry.first.size()),
                grpc::string_ref(entry.second.data(), entry.second.size()));
  }
}

grpc::Status ToStatus(const ExchangeResponse& response) {
  if (response.code == 0) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(response.code), response.message,
                      response.details);
}

grpc::Status DeliverMessage(const ExchangeResponse& response,
                            const call_access::MessageSlot& slot) {
  if (response.code != 0) return ToStatus(response);
  if (!slot.writable()) {
    return grpc::Status(grpc::StatusCode::UNIMPLEMENTED,
                        "response: its type is neither a protocol buffer nor grpc::ByteBuffer");
  }
  grpc::ByteBuffer bytes = ToByteBuffer(response.body);
  return slot.Write(&bytes);
}

absl::Time DeadlineOf(const grpc::ClientContext& context, const Clock& clock) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) {
    return absl::InfiniteFuture();
  }
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  return clock.Now() + absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec);
}

CallInfo DescribeCall(const ChannelCore& core, absl::string_view path, grpc::ClientContext* context,
                      const CallKey& key, std::shared_ptr<CallTrace::Log> trace) {
  const Clock& clock = core.environment()->clock();
  CallInfo call;
  call.path = std::string(path);
  call.authority = call_access::Authority(*context);
  if (call.authority.empty()) call.authority = core.authority();
  call.start = clock.Now();
  call.deadline = DeadlineOf(*context, clock);
  call.wait_for_ready = call_access::WaitsForReady(*context);
  call.key = key;
  call.trace = std::move(trace);
  return call;
}

}  // namespace mesh::call
