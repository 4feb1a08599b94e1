#ifndef TESTS_WIRE_HEALTH_SERVER_H_
#define TESTS_WIRE_HEALTH_SERVER_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "tests/testing/echo_service.h"

namespace mesh::testing {

// A gRPC server with gRPC's own health service beside an EchoService. Not made by two threads at a
// time: gRPC has a global switch for that service. Thread-safe.
class HealthServer {
 public:
  HealthServer() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&echo_);
    server_ = builder.BuildAndStart();
    grpc::EnableDefaultHealthCheckService(false);
    address_ = absl::StrCat("127.0.0.1:", port);
  }
  ~HealthServer() { server_->Shutdown(std::chrono::system_clock::now()); }
  HealthServer(const HealthServer&) = delete;
  HealthServer& operator=(const HealthServer&) = delete;

  const std::string& address() const { return address_; }
  // The empty service is the whole server, which serves from the beginning.
  void set_serving(const std::string& service, bool serving) {
    server_->GetHealthCheckService()->SetServingStatus(service, serving);
  }

 private:
  EchoControls controls_;
  EchoService echo_{"health", &controls_};
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace mesh::testing

#endif  // TESTS_WIRE_HEALTH_SERVER_H_
