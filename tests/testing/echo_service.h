#ifndef TESTS_TESTING_ECHO_SERVICE_H_
#define TESTS_TESTING_ECHO_SERVICE_H_

#include <atomic>
#include <cstdint>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "grpcpp/server_context.h"
#include "mesh/base/mutex.h"
#include "tests/testing/echo.grpc.pb.h"

namespace mesh::testing {

// What an echo service is told to do, and what it did. It holds no pointer, so that it can lie in
// memory that processes share. Thread-safe.
struct EchoControls {
  // The next `count` calls fail with `code`.
  void FailNext(int count, grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE);
  void FailAlways(grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE);
  void StopFailing() { failures = 0; }

  std::atomic<int> failures{0};  // calls still to fail
  std::atomic<int> failure_code{0};
  std::atomic<int64_t> delay_ms{0};
  std::atomic<int64_t> max_connection_age_ms{0};  // read when a server starts; 0: none
  std::atomic<int> max_concurrent_streams{0};     // read when a server starts; 0: gRPC's own
  std::atomic<int> calls{0};
  std::atomic<int> connections{0};  // client sockets that have made calls
};

// An EchoService somewhere, as tests steer it. Thread-safe.
class EchoEndpoint {
 public:
  EchoEndpoint(const EchoEndpoint&) = delete;
  EchoEndpoint& operator=(const EchoEndpoint&) = delete;

  const std::string& name() const { return name_; }
  // With the real port. Empty: it could not listen.
  const std::string& address() const { return address_; }

  void FailNext(int count, grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE) {
    controls_->FailNext(count, code);
  }
  void FailAlways(grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE) {
    controls_->FailAlways(code);
  }
  void StopFailing() { controls_->StopFailing(); }
  // Before each call; a call that is cancelled meanwhile ends.
  void set_delay(absl::Duration delay) { controls_->delay_ms = absl::ToInt64Milliseconds(delay); }

  // Of a server that starts from now on: it sends GOAWAY on connections that are so old, give or
  // take a tenth, and lets their calls end.
  void set_max_connection_age(absl::Duration age) {
    controls_->max_connection_age_ms = absl::ToInt64Milliseconds(age);
  }

  // Of a server that starts from now on: how many calls it takes on one connection at a time.
  void set_max_concurrent_streams(int streams) { controls_->max_concurrent_streams = streams; }

  int calls() const { return controls_->calls; }
  // How many client sockets have made calls.
  int connections() const { return controls_->connections; }

 protected:
  EchoEndpoint(std::string name, std::string address)
      : name_(std::move(name)), address_(std::move(address)) {}
  ~EchoEndpoint() = default;

  const std::string name_;
  std::string address_;
  EchoControls* controls_ = nullptr;  // set by the constructor of the class that derives
};

// Answers calls as `name`, and says so in every way a server can.
//
// It sends its name as initial metadata `served-by` (not when it fails, but when a request's
// `fail_with` asks it to) and as trailer `trailer`, the call's authority as trailer
// `saw-authority`, and sends request metadata `x-user`, `authorization`, `grpc-encoding` and
// `grpc-previous-rpc-attempts` back as trailers `saw-…`. `x-compress-reply` asks for gzip.
// Thread-safe.
class EchoService final : public Echo::Service {
 public:
  // `controls` outlives it.
  EchoService(std::string name, EchoControls* controls)
      : name_(std::move(name)), controls_(*controls) {}

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
  EchoControls& controls_;
  Mutex mutex_;
  std::set<std::string> peers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_ECHO_SERVICE_H_
