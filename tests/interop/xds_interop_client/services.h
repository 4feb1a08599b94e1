#ifndef TESTS_INTEROP_XDS_INTEROP_CLIENT_SERVICES_H_
#define TESTS_INTEROP_XDS_INTEROP_CLIENT_SERVICES_H_

#include "tests/interop/xds_interop_client/call_plan.h"
#include "tests/interop/xds_interop_client/interop.grpc.pb.h"
#include "tests/interop/xds_interop_client/stats_book.h"

namespace mesh::interop {

// Tells whoever drives the client what became of its calls. Thread-safe.
class StatsService final : public grpc::testing::LoadBalancerStatsService::Service {
 public:
  explicit StatsService(StatsBook* book) : book_(book) {}  // outlives this

 private:
  grpc::Status GetClientStats(grpc::ServerContext* context,
                              const grpc::testing::LoadBalancerStatsRequest* request,
                              grpc::testing::LoadBalancerStatsResponse* response) override;
  grpc::Status GetClientAccumulatedStats(
      grpc::ServerContext* context,
      const grpc::testing::LoadBalancerAccumulatedStatsRequest* request,
      grpc::testing::LoadBalancerAccumulatedStatsResponse* response) override;

  StatsBook* const book_;
};

// Changes the plan of the calls. Thread-safe.
class ConfigureService final : public grpc::testing::XdsUpdateClientConfigureService::Service {
 public:
  explicit ConfigureService(CurrentPlan* plan) : plan_(plan) {}  // outlives this

 private:
  grpc::Status Configure(grpc::ServerContext* context,
                         const grpc::testing::ClientConfigureRequest* request,
                         grpc::testing::ClientConfigureResponse* response) override;

  CurrentPlan* const plan_;
};

}  // namespace mesh::interop

#endif  // TESTS_INTEROP_XDS_INTEROP_CLIENT_SERVICES_H_
