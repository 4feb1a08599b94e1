#include "tests/interop/xds_interop_client/services.h"

#include <utility>

namespace mesh::interop {
namespace {

using grpc::testing::ClientConfigureRequest;

Method MethodOf(int type) {
  return type == ClientConfigureRequest::EMPTY_CALL ? Method::kEmptyCall : Method::kUnaryCall;
}

}  // namespace

grpc::Status StatsService::GetClientStats(grpc::ServerContext* /*context*/,
                                          const grpc::testing::LoadBalancerStatsRequest* request,
                                          grpc::testing::LoadBalancerStatsResponse* response) {
  if (request->num_rpcs() <= 0) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "num_rpcs: must be above 0");
  }
  *response = book_->WaitForNext(request->num_rpcs(), absl::Seconds(request->timeout_sec()));
  return grpc::Status::OK;
}

grpc::Status StatsService::GetClientAccumulatedStats(
    grpc::ServerContext* /*context*/,
    const grpc::testing::LoadBalancerAccumulatedStatsRequest* /*request*/,
    grpc::testing::LoadBalancerAccumulatedStatsResponse* response) {
  *response = book_->Accumulated();
  return grpc::Status::OK;
}

grpc::Status ConfigureService::Configure(grpc::ServerContext* /*context*/,
                                         const ClientConfigureRequest* request,
                                         grpc::testing::ClientConfigureResponse* /*response*/) {
  CallPlan plan;
  for (const int type : request->types()) {
    CallPlan::Call& call = plan.calls.emplace_back();
    call.method = MethodOf(type);
    for (const ClientConfigureRequest::Metadata& metadata : request->metadata()) {
      if (metadata.type() == type) call.metadata.emplace_back(metadata.key(), metadata.value());
    }
  }
  if (request->timeout_sec() > 0) plan.timeout = absl::Seconds(request->timeout_sec());
  plan_->Set(std::move(plan));
  return grpc::Status::OK;
}

}  // namespace mesh::interop
