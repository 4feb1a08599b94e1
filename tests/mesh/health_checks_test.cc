// Active health checks by HTTP and gRPC, on ports of their own and on the endpoints', with real
// sockets.

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "mesh/base/mutex.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "mesh/xds/proto/health_check.pb.h"
#include "tests/mesh/main_job.h"
#include "tests/wire/health_server.h"

namespace mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Names = std::set<std::string>;

// Answers each request of HTTP/1 with the status that it is told, and ends the connection.
// Thread-safe, but for Stop() and Start().
class HttpServer {
 public:
  HttpServer() { Start(); }
  ~HttpServer() { Stop(); }

  uint32_t port() const { return port_; }
  void set_status(int status) { status_ = status; }
  std::string last_request() {
    MutexLock lock(&mutex_);
    return last_request_;
  }

  void Start() {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port_));
    socklen_t length = sizeof(address);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(bind(listener_, raw, length), 0);
    ASSERT_EQ(listen(listener_, SOMAXCONN), 0);
    ASSERT_EQ(getsockname(listener_, raw, &length), 0);
    port_ = ntohs(address.sin_port);
    stop_ = false;
    thread_ = std::thread([this] { Run(); });
  }
  void Stop() {
    if (!thread_.joinable()) return;
    stop_ = true;
    thread_.join();
    close(listener_);
  }

 private:
  void Run() {
    while (!stop_) {
      pollfd fd = {listener_, POLLIN, 0};
      if (poll(&fd, 1, 20) <= 0) continue;
      const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer >= 0) Serve(peer);
    }
  }
  void Serve(int peer) {
    std::string request;
    while (request.find("\r\n\r\n") == std::string::npos) {
      char bytes[1024];
      const ssize_t size = recv(peer, bytes, sizeof(bytes), 0);
      if (size <= 0) break;
      request.append(bytes, static_cast<size_t>(size));
    }
    const std::string answer =
        absl::StrCat("HTTP/1.1 ", status_.load(), " x\r\nContent-Length: 0\r\n\r\n");
    static_cast<void>(!send(peer, answer.data(), answer.size(), MSG_NOSIGNAL));
    close(peer);
    MutexLock lock(&mutex_);
    last_request_ = std::move(request);
  }

  uint32_t port_ = 0;
  int listener_ = -1;
  std::atomic<int> status_{200};
  std::atomic<bool> stop_{false};
  Mutex mutex_;
  std::string last_request_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

class HealthChecksTest : public MainJobTest {
 protected:
  static void Every(int ms, google::protobuf::Duration* duration) {
    duration->set_nanos(ms * 1'000'000);
  }
  static xds::proto::HealthCheck Check() {
    xds::proto::HealthCheck check;
    Every(500, check.mutable_timeout());
    Every(30, check.mutable_interval());
    Every(30, check.mutable_no_traffic_interval());
    check.mutable_unhealthy_threshold()->set_value(3);
    check.mutable_healthy_threshold()->set_value(2);
    return check;
  }
  // At those addresses, with a port for checks or 0.
  void ServeChecked(const std::vector<std::pair<std::string, uint32_t>>& endpoints,
                    const xds::proto::HealthCheck& check) {
    std::vector<std::string> addresses;
    for (const auto& [address, port] : endpoints) addresses.push_back(address);
    Serve(One(addresses));
    xds::proto::ClusterLoadAssignment assignment;
    ASSERT_TRUE(assignment.ParseFromString(
        testing::ServiceResources::AssignmentBytes("echo-cluster", One(addresses))));
    for (size_t i = 0; i < endpoints.size(); ++i) {
      auto* endpoint = assignment.mutable_endpoints(0)->mutable_lb_endpoints(static_cast<int>(i));
      endpoint->mutable_endpoint()->mutable_health_check_config()->set_port_value(
          endpoints[i].second);
    }
    control_plane_.Set(testing::kClusterLoadAssignmentType, "echo-cluster",
                       assignment.SerializeAsString());
    SetCheck(check);
    control_plane_.Push(testing::kClusterLoadAssignmentType);
  }
  void SetCheck(const xds::proto::HealthCheck& check) {
    xds::proto::Cluster cluster;
    ASSERT_TRUE(cluster.ParseFromString(testing::ServiceResources::ClusterBytes("echo-cluster")));
    *cluster.add_health_checks() = check;
    control_plane_.Set(testing::kClusterType, "echo-cluster", cluster.SerializeAsString());
    control_plane_.Push(testing::kClusterType);
  }
  // Those that answer come to be `names`, and no call is lost meanwhile.
  void ExpectAnswers(testing::Echo::Stub* stub, const Names& names) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    Names last;
    do {
      last = Answering(stub, 12);
    } while (last != names && std::chrono::steady_clock::now() < end);
    EXPECT_EQ(last, names);
  }

  HttpServer check_a_, check_b_;
};

TEST_F(HealthChecksTest, StatusesOfHttp) {
  xds::proto::HealthCheck check = Check();
  auto* http = check.mutable_http_health_check();
  http->set_path("/health");
  http->set_host("checked");
  http->set_method(xds::proto::HealthCheck::HttpHealthCheck::POST);
  auto* header = http->add_request_headers_to_add()->mutable_header();
  header->set_key("X-Check");
  header->set_value("100%%");
  http->add_request_headers_to_remove("User-Agent");
  auto* expected = http->add_expected_statuses();
  expected->set_start(200);
  expected->set_end(300);
  auto* retriable = http->add_retriable_statuses();
  retriable->set_start(500);
  retriable->set_end(600);
  ServeChecked({{a_.address(), check_a_.port()}, {b_.address(), check_b_.port()}}, check);
  const auto stub = NewStub();
  ExpectAnswers(stub.get(), {"a", "b"});
  EXPECT_THAT(check_a_.last_request(), StartsWith("POST /health HTTP/1.1\r\nHost: checked\r\n"));
  EXPECT_THAT(check_a_.last_request(), HasSubstr("x-check: 100%\r\n"));
  EXPECT_THAT(check_a_.last_request(), Not(HasSubstr("ser-")));
  for (const int bad : {404, 500, 301, 199, 599}) {
    check_a_.set_status(bad);
    ExpectAnswers(stub.get(), {"b"});
    check_a_.set_status(299);
    ExpectAnswers(stub.get(), {"a", "b"});
  }
  check_b_.Stop();
  ExpectAnswers(stub.get(), {"a"});
  check_b_.Start();
  ExpectAnswers(stub.get(), {"a", "b"});
}

TEST_F(HealthChecksTest, TheCheckChangesUnderWay) {
  xds::proto::HealthCheck check = Check();
  check.mutable_http_health_check()->set_path("/one");
  ServeChecked({{a_.address(), check_a_.port()}, {b_.address(), check_b_.port()}}, check);
  const auto stub = NewStub();
  ExpectAnswers(stub.get(), {"a", "b"});
  check_a_.set_status(404);
  ExpectAnswers(stub.get(), {"b"});
  // Another check, which it passes.
  auto* expected = check.mutable_http_health_check()->add_expected_statuses();
  expected->set_start(200);
  expected->set_end(500);
  check.mutable_http_health_check()->set_path("/two");
  SetCheck(check);
  ExpectAnswers(stub.get(), {"a", "b"});
  EXPECT_THAT(check_a_.last_request(), StartsWith("GET /two "));
  // Another port, where nobody listens; then none of its own, where HTTP/1 is not spoken.
  ServeChecked({{a_.address(), 1}, {b_.address(), check_b_.port()}}, check);
  ExpectAnswers(stub.get(), {"b"});
  ServeChecked({{a_.address(), check_a_.port()}, {b_.address(), check_b_.port()}}, check);
  ExpectAnswers(stub.get(), {"a", "b"});
  ServeChecked({{a_.address(), 0}, {b_.address(), check_b_.port()}}, check);
  ExpectAnswers(stub.get(), {"b"});
}

TEST_F(HealthChecksTest, ServersThatStartAgain) {
  xds::proto::HealthCheck check = Check();
  check.mutable_http_health_check()->set_path("/");
  ServeChecked({{a_.address(), check_a_.port()}, {b_.address(), check_b_.port()}}, check);
  const auto stub = NewStub();
  ExpectAnswers(stub.get(), {"a", "b"});
  for (int i = 0; i < 3; ++i) {
    check_a_.Stop();
    ExpectAnswers(stub.get(), {"b"});
    a_.Kill();
    check_a_.Start();
    ASSERT_TRUE(a_.Start());
    ExpectAnswers(stub.get(), {"a", "b"});
  }
}

TEST_F(HealthChecksTest, Grpc) {
  testing::HealthServer one, two;
  xds::proto::HealthCheck check = Check();
  check.mutable_grpc_health_check()->set_service_name("s");
  auto* metadata = check.mutable_grpc_health_check()->add_initial_metadata()->mutable_header();
  metadata->set_key("x-check");
  metadata->set_value("1");
  one.set_serving("s", true);
  two.set_serving("s", true);
  ServeChecked({{one.address(), 0}, {two.address(), 0}}, check);
  const auto stub = NewStub();
  const auto state = [&] {
    std::string text;
    for (const auto& cluster : Explain().clusters) {
      for (const auto& endpoint : cluster.cluster.localities[0].endpoints) {
        absl::StrAppend(&text, endpoint.share.part > 0 ? "+" : "-");
      }
    }
    return text;
  };
  const auto await = [&](const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (state() != text && std::chrono::steady_clock::now() < end) Answering(stub.get(), 3);
    EXPECT_EQ(state(), text);
  };
  await("++");
  one.set_serving("s", false);
  await("-+");
  one.set_serving("s", true);
  await("++");
  two.set_serving("s", false);
  await("+-");
  // The service of the whole server still serves.
  check.mutable_grpc_health_check()->set_service_name("");
  SetCheck(check);
  await("++");
}

}  // namespace
}  // namespace mesh
