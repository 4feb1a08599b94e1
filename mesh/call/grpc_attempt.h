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

// Whether `peer` of a call is still the target of the channel that it was made on: then no
// transport ever took the call. (Once one has, `peer` is the address, `ipv4:10.0.0.1:8080`;
// endpoint channels have targets such as `ipv4:///10.0.0.1:8080`.)
bool IsChannelTarget(absl::string_view peer);

// Sets on `context`, which has made no call yet, what `request` and the application's context say.
void PrepareContext(const ExchangeRequest& request, grpc::ClientContext& application,
                    const Clock& clock, grpc::ClientContext* context);

Metadata ToMetadata(const std::multimap<grpc::string_ref, grpc::string_ref>& map);

// What an attempt ended with, without its body. REQUIRES: it has ended. `has_initial_metadata`
// and those are not set.
ExchangeResponse ToResponse(const grpc::Status& status, const grpc::ClientContext& context);

}  // namespace mesh::call

#endif  // MESH_CALL_GRPC_ATTEMPT_H_
