#ifndef MESH_CALL_DELIVERY_H_
#define MESH_CALL_DELIVERY_H_

#include <map>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/interceptor.h"
#include "grpcpp/support/status.h"
#include "grpcpp/support/string_ref.h"
#include "mesh/base/clock.h"
#include "mesh/call/call_access.h"
#include "mesh/call/call_config.h"
#include "mesh/call/channel_core.h"
#include "mesh/call/endpoint_search.h"
#include "mesh/call/exchange.h"

namespace mesh::call {

using Batch = grpc::experimental::InterceptorBatchMethods;
using Point = grpc::experimental::InterceptionHookPoints;

// What passes between the application's call and attempts of ours.

using ReceivedMetadata = std::multimap<grpc::string_ref, grpc::string_ref>;

// Replaces `*to` by `from`, whose strings must outlive `*to`.
void ReplaceMetadata(const Metadata& from, ReceivedMetadata* to);

grpc::Status ToStatus(const ExchangeResponse& response);

// Writes the response's message, if it is OK, into `slot`; the status that the call gets.
grpc::Status DeliverMessage(const ExchangeResponse& response, const call_access::MessageSlot& slot);

// The application's deadline on the mesh's clock.
absl::Time DeadlineOf(const grpc::ClientContext& context, const Clock& clock);

// The application's call as it begins, for attempts of ours.
CallInfo DescribeCall(const ChannelCore& core, absl::string_view path, grpc::ClientContext* context,
                      const CallKey& key, std::shared_ptr<CallTrace::Log> trace);

}  // namespace mesh::call

#endif  // MESH_CALL_DELIVERY_H_
