// Load reports of real servers, which share out the calls (client_side_weighted_round_robin). With
// the answers to calls they come as text: gRPC's C++ library keeps the binary ones to itself. Out
// of band they come on a stream.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "mesh/base/mutex.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "tests/mesh/main_job.h"
#include "tests/testing/orca.pb.h"
#include "tests/testing/orca_service.h"

namespace mesh {
namespace {

// Reports with each answer, as it is told. Thread-safe.
class ReportingServer final : private testing::Echo::Service {
 public:
  explicit ReportingServer(std::string name) : name_(std::move(name)) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    builder.RegisterCallbackGenericService(&out_of_band_);
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
  }

  ~ReportingServer() override { server_->Shutdown(std::chrono::system_clock::now()); }

  const std::string& address() const { return address_; }
  testing::OrcaService& out_of_band() { return out_of_band_; }
  // With calls.
  void set_report(std::string report) {
    MutexLock lock(&mutex_);
    report_ = std::move(report);
  }
  // 10 queries a second, so much of the server in use.
  void set_utilization(double utilization) {
    set_report(absl::StrCat("rps_fractional:10,application_utilization:", utilization));
  }

 private:
  grpc::Status Unary(grpc::ServerContext* context, const testing::EchoRequest*,
                     testing::EchoReply* reply) override {
    ReportTo(context);
    reply->set_server(name_);
    return grpc::Status::OK;
  }
  grpc::Status ServerStream(grpc::ServerContext* context, const testing::EchoRequest*,
                            grpc::ServerWriter<testing::EchoReply>* writer) override {
    ReportTo(context);
    testing::EchoReply reply;
    reply.set_server(name_);
    writer->Write(reply);
    return grpc::Status::OK;
  }

  void ReportTo(grpc::ServerContext* context) {
    context->AddTrailingMetadata("trailer", name_);
    MutexLock lock(&mutex_);
    if (!report_.empty()) context->AddTrailingMetadata("endpoint-load-metrics", report_);
    context->AddTrailingMetadata("endpoint-load-metrics-bin", "bytes");
  }

  const std::string name_;
  std::string address_;
  Mutex mutex_;
  std::string report_ ABSL_GUARDED_BY(mutex_);
  testing::OrcaService out_of_band_;
  std::unique_ptr<grpc::Server> server_;
};

class LoadReportsTest : public MainJobTest {
 protected:
  using Counts = std::map<std::string, int>;

  // With `lifetime` above 0: of each connection, at the most.
  void ServeThese(const std::vector<std::string>& addresses, bool out_of_band = false,
                  absl::Duration lifetime = absl::ZeroDuration()) {
    Serve(One(addresses));
    xds::proto::ClientSideWeightedRoundRobin policy;
    if (out_of_band) {
      policy.mutable_enable_oob_load_report()->set_value(true);
      policy.mutable_oob_reporting_period()->set_seconds(3);
    }
    policy.mutable_blackout_period();
    policy.mutable_weight_update_period()->set_nanos(100'000'000);
    xds::proto::Cluster cluster;
    EXPECT_TRUE(cluster.ParseFromString(testing::ServiceResources::ClusterBytes("echo-cluster")));
    cluster.mutable_common_http_protocol_options()->mutable_max_connection_duration()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(lifetime)));
    auto* const config = cluster.mutable_load_balancing_policy()
                             ->add_policies()
                             ->mutable_typed_extension_config()
                             ->mutable_typed_config();
    config->set_type_url(
        "type.googleapis.com/envoy.extensions.load_balancing_policies."
        "client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin");
    config->set_value(policy.SerializeAsString());
    control_plane_.Set(testing::kClusterType, "echo-cluster", cluster.SerializeAsString());
    control_plane_.Push(testing::kClusterType);
  }

  static std::string Unary(testing::Echo::Stub* stub) { return Call(stub).server; }
  static std::string Stream(testing::Echo::Stub* stub) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    const auto reader = stub->ServerStream(&context, testing::EchoRequest());
    testing::EchoReply reply;
    reader->Read(&reply);
    EXPECT_TRUE(reader->Finish().ok());
    return reply.server();
  }
  // Makes rounds of 110 calls until one is shared `heavy` : `light` as 10 : 1, for 10 s at most.
  static void ExpectTenToOne(testing::Echo::Stub* stub,
                             const std::function<std::string(testing::Echo::Stub*)>& call,
                             const std::string& heavy, const std::string& light) {
    Counts counts;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < end) {
      counts.clear();
      for (int i = 0; i < 110; ++i) ++counts[call(stub)];
      if (counts == Counts{{heavy, 100}, {light, 10}}) return;
    }
    ADD_FAILURE() << heavy << ": " << counts[heavy] << ", " << light << ": " << counts[light];
  }
};

TEST_F(LoadReportsTest, CallsGoWhereThereIsRoom) {
  ReportingServer x("x");
  ReportingServer y("y");
  x.set_utilization(1.0);
  y.set_utilization(0.1);
  ServeThese({x.address(), y.address()});
  const auto stub = NewStub();
  ExpectTenToOne(stub.get(), Unary, "y", "x");
  x.set_utilization(0.05);
  y.set_utilization(0.5);
  ExpectTenToOne(stub.get(), Unary, "x", "y");
  // What is no report changes nothing.
  x.set_report("no report");
  y.set_report("BIN x");
  for (int i = 0; i < 3; ++i) ExpectTenToOne(stub.get(), Unary, "x", "y");
  EXPECT_EQ(Explain().clusters[0].cluster.policy, "client_side_weighted_round_robin");
}

TEST_F(LoadReportsTest, StreamsReportToo) {
  ReportingServer x("x");
  ReportingServer y("y");
  x.set_utilization(1.0);
  y.set_utilization(0.1);
  ServeThese({x.address(), y.address()});
  const auto stub = NewStub();
  ExpectTenToOne(stub.get(), Stream, "y", "x");
}

TEST_F(LoadReportsTest, OutOfBandTheyComeOnAStream) {
  ReportingServer x("x");
  ReportingServer y("y");
  // What calls say does not count.
  x.set_utilization(0.1);
  y.set_utilization(1.0);
  x.out_of_band().SetUtilization(1.0);
  y.out_of_band().SetUtilization(0.1);
  ServeThese({x.address(), y.address()}, /*out_of_band=*/true);
  const auto stub = NewStub();
  ExpectTenToOne(stub.get(), Unary, "y", "x");
  x.out_of_band().SetUtilization(0.05);
  y.out_of_band().SetUtilization(0.5);
  ExpectTenToOne(stub.get(), Unary, "x", "y");
  ASSERT_EQ(x.out_of_band().asked().size(), 1u);
  testing::OrcaLoadReportRequest request;
  ASSERT_TRUE(request.ParseFromString(x.out_of_band().asked()[0].request));
  EXPECT_EQ(request.report_interval().seconds(), 3);
  EXPECT_EQ(x.out_of_band().asked()[0].host, "echo-cluster");
  // A stream that ends comes back.
  x.out_of_band().End(grpc::Status::OK);
  EXPECT_TRUE(x.out_of_band().HasStreams(1));
  x.out_of_band().SetUtilization(5);
  ExpectTenToOne(stub.get(), Unary, "y", "x");
}

TEST_F(LoadReportsTest, TheStreamsEndWithTheOptionAndWithTheMesh) {
  ReportingServer x("x");
  ServeThese({x.address()}, /*out_of_band=*/true);
  const auto stub = NewStub();
  ASSERT_TRUE(CallUntilServedBy(stub.get(), "x"));
  EXPECT_TRUE(x.out_of_band().HasStreams(1));
  ServeThese({x.address()});
  EXPECT_TRUE(x.out_of_band().HasStreams(0));
  ServeThese({x.address()}, /*out_of_band=*/true);
  EXPECT_TRUE(x.out_of_band().HasStreams(1));
  mesh_ = nullptr;
  EXPECT_TRUE(x.out_of_band().HasStreams(0));
}

TEST_F(LoadReportsTest, AStreamEndsWithItsConnectionAndMovesToTheNext) {
  ReportingServer x("x");
  ServeThese({x.address()}, /*out_of_band=*/true, absl::Milliseconds(300));
  const auto stub = NewStub();
  ASSERT_TRUE(CallUntilServedBy(stub.get(), "x"));
  // No connection lasts longer than that: else the first stream would go on.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (x.out_of_band().asked().size() < 3 && std::chrono::steady_clock::now() < end) {
    ASSERT_EQ(Call(stub.get()).server, "x");
  }
  EXPECT_GE(x.out_of_band().asked().size(), 3u);
  EXPECT_LE(x.out_of_band().open(), 1u);
}

TEST_F(LoadReportsTest, WhoDoesNotReportOutOfBandIsSaidToTheLog) {
  Mutex mutex;
  std::string log;
  options_.log = [&](LogSeverity, absl::string_view text) {
    MutexLock lock(&mutex);
    absl::StrAppend(&log, text, "\n");
  };
  ServeThese({a_.address()}, /*out_of_band=*/true);
  const auto stub = NewStub();
  ASSERT_TRUE(CallUntilServedBy(stub.get(), "a"));
  const std::string said = absl::StrCat("endpoint ", a_.address(), " reports no load out of band");
  EXPECT_TRUE(CallUntil(stub.get(), [&](const Outcome&) {
    MutexLock lock(&mutex);
    return absl::StrContains(log, said);
  }));
  mesh_ = nullptr;  // before the log
}

TEST_F(LoadReportsTest, TheApplicationGetsAllTrailingMetadata) {
  ReportingServer x("x");
  x.set_report("eps:1");
  ServeThese({x.address()});
  const auto stub = NewStub();
  ASSERT_TRUE(CallUntilServedBy(stub.get(), "x"));
  grpc::ClientContext context;
  testing::EchoReply reply;
  ASSERT_TRUE(stub->Unary(&context, testing::EchoRequest(), &reply).ok());
  const auto& trailing = context.GetServerTrailingMetadata();
  ASSERT_EQ(trailing.count("trailer"), 1u);
  EXPECT_EQ(trailing.find("trailer")->second, "x");
  ASSERT_EQ(trailing.count("endpoint-load-metrics"), 1u);
  EXPECT_EQ(trailing.find("endpoint-load-metrics")->second, "eps:1");
  // Once gRPC shows this one, docs/limits.md has a line too many.
  EXPECT_EQ(trailing.count("endpoint-load-metrics-bin"), 0u);
}

}  // namespace
}  // namespace mesh
