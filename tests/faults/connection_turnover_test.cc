// Connections that the mesh itself ends, replaces or adds, with calls on them (HttpProtocolOptions
// of a cluster).

#include <atomic>
#include <chrono>
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

// A stream of echoes.
class EchoStream {
 public:
  explicit EchoStream(testing::Echo::Stub* stub) : stream_(stub->Bidi(context_.get())) {}

  // A message there and back.
  bool Exchange() {
    testing::EchoRequest request;
    testing::EchoReply reply;
    return stream_->Write(request) && stream_->Read(&reply);
  }
  // Waits for a message; false: the stream has ended.
  bool Read() {
    testing::EchoReply reply;
    return stream_->Read(&reply);
  }
  grpc::Status Finish() {
    stream_->WritesDone();
    return stream_->Finish();
  }

 private:
  const std::unique_ptr<grpc::ClientContext> context_ = [] {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    return context;
  }();
  const std::unique_ptr<grpc::ClientReaderWriter<testing::EchoRequest, testing::EchoReply>> stream_;
};

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

// A server takes five calls on a connection at a time, and three times as many streams are on it,
// none of which ends: a sixth one of a connection would wait for ever. Each begins when the one
// before it was answered, so that connections come as they are needed.
TEST_F(ConnectionTurnoverTest, StreamsBeyondAServersLimitGoToMoreConnections) {
  constexpr int kLimit = 5;
  a_.Kill();
  a_.set_max_concurrent_streams(kLimit);
  ASSERT_TRUE(a_.Start());
  Serve(One({a_.address()}));
  xds::proto::Cluster fields;
  fields.mutable_http2_protocol_options()->mutable_max_concurrent_streams()->set_value(kLimit);
  fields.mutable_common_http_protocol_options()->mutable_idle_timeout()->set_seconds(1);
  Configure(fields);
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a"});
  std::vector<std::unique_ptr<EchoStream>> streams;
  for (int i = 0; i < 3 * kLimit; ++i) {
    // What the next one needs is there, as it would be where calls come at their leisure.
    const int connections = i / 3 + 1;
    EXPECT_TRUE(Eventually([&] { return ConnectionsTo(a_.address()) >= connections; })) << i;
    streams.push_back(std::make_unique<EchoStream>(stub.get()));
    ASSERT_TRUE(streams.back()->Exchange()) << "stream " << i;
  }
  for (const auto& stream : streams) EXPECT_TRUE(stream->Exchange());
  {
    std::atomic<uint32_t> connections{0};
    const auto watch = mesh().Watch("xds:///echo", [&](const Snapshot& snapshot) {
      for (const auto& cluster : snapshot.clusters) {
        connections = cluster.localities.at(0).endpoints.at(0).connections;
      }
    });
    EXPECT_TRUE(Eventually([&] { return connections >= 3; }));
  }
  for (const auto& stream : streams) EXPECT_TRUE(stream->Finish().ok());
  streams.clear();
  EXPECT_TRUE(Eventually([&] { return ConnectionsTo(a_.address()) == 1; }))
      << "those that are not needed any more are closed";
}

// Other options make other connections, five times to each of two servers; calls in flight, and a
// stream, stay on those that they are on.
TEST_F(ConnectionTurnoverTest, OptionsThatChangeUnderLoadLoseNothing) {
  Serve(One({a_.address(), b_.address()}));
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b"});
  a_.set_delay(absl::Milliseconds(5));
  EchoStream stream(stub.get());
  ASSERT_TRUE(stream.Exchange());
  Load load(mesh().Channel("xds:///echo"));
  for (int i = 1; i <= 5; ++i) {
    const int64_t of_a = a_.connections();
    const int64_t of_b = b_.connections();
    xds::proto::Cluster fields;
    fields.mutable_connect_timeout()->set_seconds(5 + i);
    Configure(fields);
    control_plane_.Push(kClusterType);
    EXPECT_TRUE(Eventually([&] { return a_.connections() > of_a && b_.connections() > of_b; }))
        << i;
    load.WaitForCalls(200);
  }
  const LoadReport report = load.Stop();
  Note("load", report.ToString());
  EXPECT_EQ(report.lost, 0);
  EXPECT_TRUE(stream.Exchange());
  EXPECT_TRUE(stream.Finish().ok());
  for (const auto* server : {&a_, &b_}) {
    EXPECT_TRUE(Eventually([&] { return ConnectionsTo(server->address()) <= 2; }))
        << "those that are replaced are closed";
  }
}

TEST_F(ConnectionTurnoverTest, MaxRequestsPerConnectionLosesNothing) {
  Serve(One({a_.address(), b_.address()}));
  xds::proto::Cluster fields;
  fields.mutable_common_http_protocol_options()->mutable_max_requests_per_connection()->set_value(
      100);
  Configure(fields);
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b"});
  Load load(mesh().Channel("xds:///echo"));
  load.WaitForCalls(2000);
  const LoadReport report = load.Stop();
  Note("load", report.ToString());
  EXPECT_EQ(report.lost, 0);
  for (const auto* server : {&a_, &b_}) {
    Note(absl::StrCat("connections of ", server->name()), absl::StrCat(server->connections()));
    EXPECT_GE(server->connections(), 4);
    EXPECT_LE(server->connections(), 1 + server->calls() / 100);
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
  EchoStream stream(stub.get());
  ASSERT_TRUE(stream.Exchange());
  grpc::Status status;
  a_.Freeze();
  const absl::Duration noticed = Time([&] {
    EXPECT_FALSE(stream.Read());
    status = stream.Finish();
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
  auto stream = std::make_unique<EchoStream>(stub.get());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(stream->Exchange());
    const int before = a_.connections();
    EXPECT_TRUE(CallUntil(stub.get(), [&](const Outcome& outcome) {
      EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
      return a_.connections() > before;
    }));
  }
  EXPECT_GE(ConnectionsTo(a_.address()), 2);
  EXPECT_TRUE(stream->Finish().ok());
  stream = nullptr;
  EXPECT_TRUE(Eventually([&] { return ConnectionsTo(a_.address()) == 1; }));
}

}  // namespace
}  // namespace mesh
