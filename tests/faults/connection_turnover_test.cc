// Connections that the mesh itself ends or replaces, with calls on them (HttpProtocolOptions of a
// cluster).

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "tests/faults/fault_test.h"

namespace mesh {
namespace {

using testing::kClusterType;
using testing::ServiceResources;

class ConnectionTurnoverTest : public FaultTest {
 protected:
  // The cluster has those fields too. REQUIRES: Serve() was called.
  void Configure(const xds::proto::Cluster& fields) {
    // Protocol buffers that are put together are merged.
    control_plane_.Set(kClusterType, "echo-cluster",
                       ServiceResources::ClusterBytes("echo-cluster") + fields.SerializeAsString());
  }

  static xds::proto::Cluster MaxDuration(absl::Duration duration) {
    xds::proto::Cluster fields;
    auto* const options = fields.mutable_common_http_protocol_options();
    options->mutable_max_connection_duration()->set_nanos(
        static_cast<int>(absl::ToInt64Nanoseconds(duration)));
    return fields;
  }
};

// Some 60 connections of three servers are replaced. One server is slow, so that calls are on its
// connections then.
TEST_F(ConnectionTurnoverTest, MaxConnectionDurationLosesNothing) {
  Serve({{"y", 2, 0, {a_.address(), b_.address()}}, {"z", 1, 0, {c_.address()}}});
  Configure(MaxDuration(absl::Milliseconds(300)));
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c"});
  a_.set_delay(absl::Milliseconds(5));
  Load load(mesh().Channel("xds:///echo"));
  for (int i = 0; i < 3; ++i) load.WaitForCalls(1000);
  const LoadReport report = load.Stop();
  Note("load", report.ToString());
  EXPECT_EQ(report.lost, 0);
  for (const auto* server : {&a_, &b_, &c_}) {
    Note(absl::StrCat("connections of ", server->name()), absl::StrCat(server->connections()));
    EXPECT_GT(server->connections(), 5);
    EXPECT_LE(ConnectionsTo(server->address()), 3) << "those that are replaced are closed";
  }
}

// Nothing else would tell before the call's deadline: the kernel acknowledges for a frozen process.
TEST_F(ConnectionTurnoverTest, AFrozenServerIsNoticedByTheClustersKeepalive) {
  Serve(One({a_.address()}));
  xds::proto::Cluster fields;
  auto* const keepalive = fields.mutable_http2_protocol_options()->mutable_connection_keepalive();
  keepalive->mutable_interval()->set_seconds(2);
  keepalive->mutable_timeout()->set_seconds(1);
  Configure(fields);
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a"});
  grpc::ClientContext context;
  auto stream = stub->Bidi(&context);
  testing::EchoRequest request;
  testing::EchoReply reply;
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&reply));
  // gRPC's ping that measures the bandwidth is answered by then: see docs/limits.md.
  Eventually([] { return false; }, absl::Milliseconds(300));
  grpc::Status status;
  a_.Freeze();
  const absl::Duration noticed = Time([&] {
    EXPECT_FALSE(stream->Read(&reply));
    status = stream->Finish();
  });
  a_.Thaw();
  Note("noticed after", noticed);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_LE(noticed, absl::Seconds(6));
  EXPECT_TRUE(CallUntil(stub.get(), [](const Outcome& outcome) { return outcome.status.ok(); }));
}

// A stream keeps the connection that it is on, while others come after it; that is closed when the
// stream has ended and its context is gone.
TEST_F(ConnectionTurnoverTest, AStreamKeepsItsConnectionToItsEnd) {
  Serve(One({a_.address()}));
  Configure(MaxDuration(absl::Milliseconds(200)));
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a"});
  auto context = std::make_unique<grpc::ClientContext>();
  auto stream = stub->Bidi(context.get());
  testing::EchoRequest request;
  testing::EchoReply reply;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(stream->Write(request));
    ASSERT_TRUE(stream->Read(&reply));
    const int before = a_.connections();
    EXPECT_TRUE(CallUntil(stub.get(), [&](const Outcome& outcome) {
      EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
      return a_.connections() > before;
    }));
  }
  EXPECT_GE(ConnectionsTo(a_.address()), 2);
  EXPECT_TRUE(stream->WritesDone());
  EXPECT_TRUE(stream->Finish().ok());
  stream = nullptr;
  context = nullptr;
  EXPECT_TRUE(Eventually([&] { return ConnectionsTo(a_.address()) == 1; }));
}

}  // namespace
}  // namespace mesh
