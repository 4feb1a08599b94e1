#ifndef TESTS_INTEROP_XDS_INTEROP_CLIENT_INTEROP_CLIENT_H_
#define TESTS_INTEROP_XDS_INTEROP_CLIENT_INTEROP_CLIENT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "grpcpp/server.h"
#include "mesh/mesh.h"
#include "tests/interop/xds_interop_client/call_loop.h"
#include "tests/interop/xds_interop_client/channelz_service.h"
#include "tests/interop/xds_interop_client/client_options.h"
#include "tests/interop/xds_interop_client/services.h"

namespace mesh::interop {

// The client that gRPC's xDS interop tests drive: it calls a test service through a mesh, and
// serves its statistics, its configuration and its channelz on a port of loopback.
// Thread-compatible, but for Stop().
class InteropClient {
 public:
  // Error: the mesh cannot be made, or the port cannot be listened on.
  static absl::StatusOr<std::unique_ptr<InteropClient>> Create(const ClientOptions& options,
                                                               Options mesh);
  ~InteropClient();

  // The port of the services, real if the options say 0.
  int port() const { return port_; }

  // Makes calls until Stop().
  void Run() { loop_->Run(); }
  void Stop() { loop_->Stop(); }

 private:
  explicit InteropClient(const ClientOptions& options) : plan_(options.plan) {}

  CurrentPlan plan_;
  StatsBook book_;
  StatsService stats_{&book_};
  ConfigureService configure_{&plan_};
  ChannelzService channelz_;
  std::unique_ptr<Mesh> mesh_;
  std::unique_ptr<Mesh::Observation> observation_;
  std::unique_ptr<CallLoop> loop_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace mesh::interop

#endif  // TESTS_INTEROP_XDS_INTEROP_CLIENT_INTEROP_CLIENT_H_
