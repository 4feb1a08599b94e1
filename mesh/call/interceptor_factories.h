#ifndef MESH_CALL_INTERCEPTOR_FACTORIES_H_
#define MESH_CALL_INTERCEPTOR_FACTORIES_H_

#include <memory>
#include <vector>

#include "grpcpp/support/client_interceptor.h"

namespace mesh::call {

// An interceptor factory of the application, shared by the channels of all endpoints.
using SharedFactory = std::shared_ptr<grpc::experimental::ClientInterceptorFactoryInterface>;
using InterceptorFactories =
    std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>;

// What the channel of every endpoint must be created with
// (grpc::experimental::CreateCustomChannelWithInterceptors), so that calls can be made on it: the
// application's factories, which see each call of the application once and no attempt of ours,
// and then the one that takes the interceptor which this thread prepared (see call_start.h).
// Thread-safe.
InterceptorFactories MakeInterceptorFactories(const std::vector<SharedFactory>& application);

}  // namespace mesh::call

#endif  // MESH_CALL_INTERCEPTOR_FACTORIES_H_
