#ifndef MESH_CALL_GRPC_ATTEMPT_H_
#define MESH_CALL_GRPC_ATTEMPT_H_

#include <map>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpc/support/time.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "grpcpp/support/string_ref.h"
#include "mesh/base/clock.h"
#include "mesh/call/exchange.h"

namespace mesh::call {

// What attempts that are generic calls have in common, unary or not.

// Whether a transport may have taken a call that ended with `code`. If not, `peer` is still the
// target of the channel that it was made on, such as `ipv4:///10.0.0.1:8080`. With the server's
// answer, or the loss of its connection, it becomes the address, `ipv4:10.0.0.1:8080`; it tells
// nothing of a call that neither came to before its deadline.
bool MayBeDelivered(int code, absl::string_view peer);

// Sets on `context`, which has made no call yet, what `request` and the application's context say.
void PrepareContext(const ExchangeRequest& request, grpc::ClientContext& application,
                    const Clock& clock, grpc::ClientContext* context);

Metadata ToMetadata(const std::multimap<grpc::string_ref, grpc::string_ref>& map);

// What an attempt ended with, without its body. REQUIRES: it has ended. `has_initial_metadata`
// and those are not set.
ExchangeResponse ToResponse(const grpc::Status& status, const grpc::ClientContext& context);

}  // namespace mesh::call

#endif  // MESH_CALL_GRPC_ATTEMPT_H_
