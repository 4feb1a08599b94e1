#ifndef TESTS_TESTING_ECHO_SERVER_H_
#define TESTS_TESTING_ECHO_SERVER_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "tests/testing/echo_service.h"

namespace mesh::testing {

// An EchoService in this process that can be shut down and started again on its port. A server
// that dies like a process does is an EchoProcess. Thread-safe, but for Shutdown() and Start().
class EchoServer final : public EchoEndpoint {
 public:
  // `address` may be `host:0` or `unix:/path`. `controls`, where given, outlive it.
  explicit EchoServer(std::string name, const std::string& address = "127.0.0.1:0",
                      std::shared_ptr<grpc::ServerCredentials> credentials = nullptr,
                      EchoControls* controls = nullptr);
  ~EchoServer();

  // Ends its calls, which their clients see cancelled, and closes its connections. No effect when
  // it is down.
  void Shutdown();
  // Listens on the same address again. REQUIRES: Shutdown() was called. Returns whether it could.
  bool Start();

 private:
  const std::shared_ptr<grpc::ServerCredentials> credentials_;
  EchoControls own_controls_;
  EchoService service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_ECHO_SERVER_H_
