#ifndef TESTS_TESTING_ECHO_SERVER_H_
#define TESTS_TESTING_ECHO_SERVER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "mesh/base/mutex.h"
#include "tests/testing/echo.grpc.pb.h"

namespace mesh::testing {

// A server that says who it is in every way a server can, fails when told to, and can be killed
// and started again on its port.
//
// It sends its name as initial metadata `served-by` (not when it fails) and as trailer `trailer`,
// and sends request metadata `x-user`, `authorization`, `grpc-encoding` and
// `grpc-previous-rpc-attempts` back as trailers `saw-…`. `x-compress-reply` asks for gzip.
// Thread-safe, but for Kill() and Start().
class EchoServer final : private Echo::Service {
 public:
  // `address` may be `host:0` or `unix:/path`.
  explicit EchoServer(std::string name, const std::string& address = "127.0.0.1:0",
                      std::shared_ptr<grpc::ServerCredentials> credentials = nullptr);
  ~EchoServer() override;

  const std::string& name() const { return name_; }
  // With the real port. Empty: it could not listen.
  const std::string& address() const { return address_; }

  // Ends like a process does: connections are reset, calls end. No effect when it is dead.
  void Kill();
  // Listens on the same address again. REQUIRES: Kill() was called. Returns whether it could.
  bool Start();

  // The next `count` calls fail with `code`.
  void FailNext(int count, grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE);
  void FailAlways(grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE);
  void StopFailing();
  // Before each call; a call that is cancelled meanwhile ends.
  void set_delay(absl::Duration delay) { delay_ms_ = absl::ToInt64Milliseconds(delay); }

  int calls() const { return calls_; }
  // How many client sockets have made calls.
  size_t connections() const;

 private:
  grpc::Status Unary(grpc::ServerContext* context, const EchoRequest* request,
                     EchoReply* reply) override;
  grpc::Status ServerStream(grpc::ServerContext* context, const EchoRequest* request,
                            grpc::ServerWriter<EchoReply>* writer) override;
  grpc::Status ClientStream(grpc::ServerContext* context, grpc::ServerReader<EchoRequest>* reader,
                            EchoReply* reply) override;
  grpc::Status Bidi(grpc::ServerContext* context,
                    grpc::ServerReaderWriter<EchoReply, EchoRequest>* stream) override;

  // What every call does first.
  grpc::Status Begin(grpc::ServerContext* context);
  // What a request asks for.
  grpc::Status Obey(grpc::ServerContext* context, const EchoRequest& request);
  void Fill(const std::string& text, const EchoRequest& request, EchoReply* reply) const;

  const std::string name_;
  const std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::string address_;
  std::atomic<int> failures_{0};
  std::atomic<int> failure_code_{0};
  std::atomic<int64_t> delay_ms_{0};
  std::atomic<int> calls_{0};
  mutable Mutex mutex_;
  std::set<std::string> peers_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_ECHO_SERVER_H_
