// Load reports that come with the end of an attempt, over transports that are not gRPC's: they are
// the endpoint's that the attempt went to, whatever became of it.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "mesh/call/attempt_report.h"
#include "mesh/call/attempts.h"
#include "mesh/call/managed_stream.h"
#include "tests/call/call_world.h"
#include "tests/call/fake_stream_transport.h"
#include "tests/call/fake_transport.h"
#include "tests/testing/orca.pb.h"

namespace mesh::call::testing {
namespace {

constexpr int kUnavailable = 14;

// Two endpoints nobody connects to: the transports are the test.
class AttemptLoadReportsTest : public ::testing::Test {
 protected:
  AttemptLoadReportsTest() {
    world_.AddEndpoint("127.0.0.1:1");
    world_.AddEndpoint("127.0.0.1:2");
    auto rules = std::make_shared<model::ClientSideWeightedRoundRobin>();
    rules->blackout_period = absl::ZeroDuration();
    Listen(std::move(rules));
  }

  void Listen(const cluster::EndpointLoad::Rules& rules) {
    world_.OnSerializer([&] {
      for (cluster::Endpoint* endpoint : world_.endpoints()) endpoint->ListenForLoad(rules);
    });
  }
  double Weight(size_t endpoint) {
    return world_.endpoints()[endpoint]->load()->Weight(world_.environment().clock().Now());
  }
  // With trailing metadata that report 10 queries a second, and among them others.
  static ExchangeResponse Response(int code, double utilization) {
    mesh::testing::OrcaLoadReport report;
    report.set_rps_fractional(10);
    report.set_application_utilization(utilization);
    ExchangeResponse response;
    response.code = code;
    response.trailing_metadata = {{"trailer", "x"},
                                  {"endpoint-load-metrics-bin", report.SerializeAsString()}};
    return response;
  }
  static CallInfo Info() {
    CallInfo call;
    call.path = "/pkg.Service/Method";
    call.authority = "service";
    return call;
  }

  CallWorld world_;
};

TEST_F(AttemptLoadReportsTest, OfEachAttemptOfACall) {
  world_.Publish(CallWorld::Retries(1));
  FakeTransport transport;
  size_t trailers = 0;
  UnaryCall call;
  static_cast<CallInfo&>(call) = Info();
  std::make_shared<Attempts>(world_.core().shared_from_this(), transport.Share(), std::move(call))
      ->Start([&](std::optional<ExchangeResponse> response) {
        trailers = response->trailing_metadata.size();
      });
  ASSERT_TRUE(transport.WaitFor(0));
  transport.End(0, Response(kUnavailable, 0.5));
  ASSERT_TRUE(transport.WaitFor(1));
  EXPECT_EQ(Weight(0), 20);
  EXPECT_EQ(Weight(1), 0);
  transport.End(1, Response(0, 0.25));
  EXPECT_EQ(Weight(1), 40);
  EXPECT_EQ(trailers, 2u);  // the caller's, as ever
}

TEST_F(AttemptLoadReportsTest, OfAStream) {
  world_.Publish();
  FakeStreamTransport transport;
  const auto stream =
      std::make_shared<ManagedStream>(world_.core().shared_from_this(), transport.Share(), Info());
  stream->Watch();
  stream->Start([](bool) {});
  world_.OnSerializer([] {});
  const auto attempt = transport.Get(0);
  attempt->events.on_started(true);
  attempt->End(Response(0, 0.5));
  EXPECT_EQ(Weight(0), 20);
  world_.OnSerializer([] {});
}

TEST_F(AttemptLoadReportsTest, NobodyLooksWhereNobodyAsks) {
  Listen(nullptr);
  world_.Publish();
  FakeTransport transport;
  UnaryCall call;
  static_cast<CallInfo&>(call) = Info();
  std::make_shared<Attempts>(world_.core().shared_from_this(), transport.Share(), std::move(call))
      ->Start([](std::optional<ExchangeResponse>) {});
  ASSERT_TRUE(transport.WaitFor(0));
  const cluster::Permit permit(world_.endpoints()[0]);
  const ExchangeResponse response = Response(0, 0.5);
  EXPECT_EQ(FindLoadReport(permit, response.trailing_metadata).value, "");
  transport.End(0, response);
  Listen(std::make_shared<model::ClientSideWeightedRoundRobin>());
  const xds::EncodedLoadReport bytes = FindLoadReport(permit, response.trailing_metadata);
  EXPECT_EQ(bytes.value, response.trailing_metadata[1].second);
  EXPECT_FALSE(bytes.is_text);
  const Metadata text = {{"endpoint-load-metrics", "eps:1"}, {"trailer", "x"}};
  EXPECT_EQ(FindLoadReport(permit, text).value, "eps:1");
  EXPECT_TRUE(FindLoadReport(permit, text).is_text);
  EXPECT_EQ(FindLoadReport(permit, Metadata()).value, "");
  EXPECT_EQ(Weight(0), 0);
}

}  // namespace
}  // namespace mesh::call::testing
