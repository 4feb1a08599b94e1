#ifndef MESH_CALL_DELIVERY_H_
#define MESH_CALL_DELIVERY_H_

#include <map>

#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/interceptor.h"
#include "grpcpp/support/status.h"
#include "grpcpp/support/string_ref.h"
#include "mesh/base/clock.h"
#include "mesh/call/call_access.h"
#include "mesh/call/exchange.h"

namespace mesh::call {

using Batch = grpc::experimental::InterceptorBatchMethods;
using Point = grpc::experimental::InterceptionHookPoints;

// From here to the end: how the outcome of an attempt gets into the application's call.

using ReceivedMetadata = std::multimap<grpc::string_ref, grpc::string_ref>;

// Replaces `*to` by `from`, whose strings must outlive `*to`.
void ReplaceMetadata(const Metadata& from, ReceivedMetadata* to);

grpc::Status ToStatus(const ExchangeResponse& response);

// Writes the response's message, if it is OK, into `slot`; the status that the call gets.
grpc::Status DeliverMessage(const ExchangeResponse& response, const call_access::MessageSlot& slot);

// The application's deadline on the mesh's clock.
absl::Time DeadlineOf(const grpc::ClientContext& context, const Clock& clock);

}  // namespace mesh::call

#endif  // MESH_CALL_DELIVERY_H_
