// What a cluster makes of its circuit breakers and of the control plane's drops.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

class ClusterLimitsTest : public ClusterTest {
 protected:
  ClusterLimitsTest() { connector_.set_outcome(ConnectionState::kReady); }

  void Serve(const model::Thresholds& normal) {
    model::Cluster cluster;
    cluster.circuit_breakers.normal = normal;
    Apply(Config(Numbered("a:", 3), cluster));
    Connect();
  }
  static model::Thresholds Requests(uint32_t limit) {
    model::Thresholds thresholds;
    thresholds.max_requests = limit;
    return thresholds;
  }
  absl::StatusOr<LimitHold> Wait() {
    const EpochReader reader(epochs_);
    return cluster_->Wait(model::RoutingPriority::kDefault, reader);
  }
  // The text of why a call is dropped; empty: it is not.
  static std::string DropText(const PickResult& result) {
    const auto* dropped = std::get_if<Dropped>(&result);
    return dropped == nullptr ? "" : std::string(dropped->status.message());
  }
};

TEST_F(ClusterLimitsTest, RequestsAboveTheLimitAreDropped) {  // CB-02
  Serve(Requests(10));
  std::vector<PickResult> held;
  for (int i = 0; i < 10; ++i) held.push_back(Pick());
  for (const PickResult& result : held) EXPECT_TRUE(std::holds_alternative<Picked>(result));
  const PickResult over = Pick();
  EXPECT_EQ(DropText(over), "cluster \"c\": circuit breaker: max_requests 10 reached");
  EXPECT_TRUE(std::get<Dropped>(over).overloaded);
  held.pop_back();
  EXPECT_TRUE(std::holds_alternative<Picked>(Pick()));
  // What is picked and given back at once counts no more.
  EXPECT_TRUE(std::holds_alternative<Picked>(Pick()));
}

TEST_F(ClusterLimitsTest, EachCallAboveTheLimitIsRefusedAndCounted) {  // CB-04
  Serve(Requests(3));
  std::vector<PickResult> held;
  for (int i = 0; i < 3; ++i) held.push_back(Pick());
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(std::holds_alternative<Dropped>(Pick()));
  for (const PickResult& result : held) EXPECT_TRUE(std::holds_alternative<Picked>(result));
  uint64_t refused = 0;
  for (const Snapshot::Limit& limit : SnapshotNow().limits) {
    if (limit.name == "max_requests" && limit.priority == "DEFAULT") refused = limit.refused;
  }
  EXPECT_EQ(refused, 100u);
}

TEST_F(ClusterLimitsTest, ARetryThatIsRefusedTakesNoEndpointsTurn) {
  model::Thresholds none = Requests(10);
  none.max_retries = 0;
  Serve(none);
  const std::string first = PickText(), second = PickText();
  const std::string third = PickText();
  EXPECT_NE(third, first);
  EXPECT_EQ(PickText(), first);
  PickRequest retry;
  retry.is_retry = true;
  EXPECT_EQ(DropText(Pick(retry)), "cluster \"c\": circuit breaker: max_retries 0 reached");
  EXPECT_EQ(PickText(), second);
}

TEST_F(ClusterLimitsTest, AnOutcomeGivesThePlaceBack) {
  Serve(Requests(1));
  PickResult first = Pick();
  std::get<Picked>(first).permit.End(Report{});
  EXPECT_TRUE(std::holds_alternative<Picked>(Pick()));
}

TEST_F(ClusterLimitsTest, ChangedLimitsApplyAtOnce) {  // CB-05, CB-08
  Serve(Requests(3));
  std::vector<PickResult> held;
  for (int i = 0; i < 3; ++i) held.push_back(Pick());
  Serve(Requests(2));
  held.pop_back();
  EXPECT_NE(DropText(Pick()), "");  // two are in flight
  held.pop_back();
  EXPECT_EQ(DropText(Pick()), "");
  Serve(Requests(0));
  held.clear();
  EXPECT_EQ(DropText(Pick()), "cluster \"c\": circuit breaker: max_requests 0 reached");
}

TEST_F(ClusterLimitsTest, EachRoutingPriorityHasItsOwn) {
  model::Cluster cluster;
  cluster.circuit_breakers.normal = Requests(0);
  cluster.circuit_breakers.high = Requests(1);
  Apply(Config(Numbered("a:", 1), cluster));
  Connect();
  EXPECT_NE(DropText(Pick()), "");
  PickRequest high;
  high.priority = model::RoutingPriority::kHigh;
  const PickResult first = Pick(high);
  EXPECT_TRUE(std::holds_alternative<Picked>(first));
  EXPECT_NE(DropText(Pick(high)), "");
}

TEST_F(ClusterLimitsTest, RetriesTakeAPlaceOfTheirsToo) {  // RET-06
  model::Thresholds thresholds;
  thresholds.max_retries = 1;
  Serve(thresholds);
  PickRequest retry;
  retry.is_retry = true;
  PickResult first = Pick(retry);
  EXPECT_TRUE(std::holds_alternative<Picked>(first));
  EXPECT_EQ(DropText(Pick(retry)), "cluster \"c\": circuit breaker: max_retries 1 reached");
  EXPECT_TRUE(std::holds_alternative<Picked>(Pick()));
  std::get<Picked>(first).permit.End(Report{});
  EXPECT_TRUE(std::holds_alternative<Picked>(Pick(retry)));
}

TEST_F(ClusterLimitsTest, CallsThatWaitAreLimited) {
  connector_.set_outcome(ConnectionState::kConnecting);
  model::Thresholds thresholds;
  thresholds.max_pending_requests = 1;
  Serve(thresholds);
  EXPECT_TRUE(std::holds_alternative<Pending>(Pick()));
  {
    const absl::StatusOr<LimitHold> first = Wait();
    EXPECT_TRUE(first.ok());
    EXPECT_EQ(
        Wait().status(),
        absl::UnavailableError("cluster \"c\": circuit breaker: max_pending_requests 1 reached"));
  }
  EXPECT_TRUE(Wait().ok());
}

TEST_F(ClusterLimitsTest, ConnectionsAreASubsetOfTheirLimit) {
  model::Thresholds thresholds;
  thresholds.max_connections = 2;
  Serve(thresholds);
  EXPECT_EQ(Wanted().size(), 2u);
  EXPECT_EQ(Picks(20).size(), 2u);
}

TEST_F(ClusterLimitsTest, TheSnapshotSaysWhatIsLeft) {  // CB-07
  model::Cluster cluster;
  cluster.circuit_breakers.normal = Requests(2);
  cluster.circuit_breakers.normal.max_connections = 1;
  cluster.circuit_breakers.normal.retry_budget = model::Thresholds::RetryBudget{};
  cluster.circuit_breakers.high = Requests(model::Thresholds::kNone);
  Apply(Config(Numbered("a:", 3), cluster));
  Connect();
  PickRequest retry;
  retry.is_retry = true;
  const PickResult first = Pick(retry);
  const PickResult second = Pick();
  Pick();  // refused
  std::vector<std::string> lines;
  for (const Snapshot::Limit& limit : SnapshotNow().limits) {
    lines.push_back(absl::StrCat(limit.name, " ", limit.priority, ": ", limit.limit, ", ",
                                 limit.in_use, " in use, ", limit.remaining, " left, ",
                                 limit.refused, " refused"));
  }
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "max_connections DEFAULT: 1, 1 in use, 0 left, 0 refused",
                       "max_pending_requests DEFAULT: 1024, 0 in use, 1024 left, 0 refused",
                       "max_requests DEFAULT: 2, 2 in use, 0 left, 1 refused",
                       "retry_budget DEFAULT: 3, 1 in use, 0 left, 0 refused",
                       "max_pending_requests HIGH: 1024, 0 in use, 1024 left, 0 refused",
                       "max_retries HIGH: 3, 0 in use, 3 left, 0 refused"}));
}

TEST_F(ClusterLimitsTest, DropsAreByCategoryAndOneDrawDecides) {  // DRP-01, DRP-03
  model::ClusterConfig config = Config(Numbered("a:", 3));
  auto endpoints = std::make_shared<model::ClusterLoadAssignment>(*config.endpoints);
  endpoints->drops = {{"lb", 100'000}, {"throttle", 200'000}};
  config.endpoints = endpoints;
  Apply(config);
  Connect();
  const std::unique_ptr<Random> random = NewSeededRandom(7);
  int dropped = 0;
  constexpr int kCalls = 20000;
  for (int i = 0; i < kCalls; ++i) {
    PickRequest request;
    request.draw = random->Next();
    const PickResult first = Pick(request);
    const std::string text = DropText(first);
    EXPECT_EQ(DropText(Pick(request)), text);  // an attempt later it is the same
    if (text.empty()) continue;
    ++dropped;
    EXPECT_FALSE(std::get<Dropped>(first).overloaded);
    EXPECT_TRUE(text == "cluster \"c\": EDS-configured drop: lb" ||
                text == "cluster \"c\": EDS-configured drop: throttle")
        << text;
  }
  EXPECT_NEAR(dropped / static_cast<double>(kCalls), 0.28, 0.02);
  // They end with the next update (DRP-04).
  Apply(Config(Numbered("a:", 3)));
  EXPECT_EQ(DropText(Pick()), "");
  endpoints = std::make_shared<model::ClusterLoadAssignment>(*config.endpoints);
  endpoints->drops = {{"all", 1'000'000}};
  config.endpoints = endpoints;
  Apply(config);
  EXPECT_EQ(DropText(Pick()), "cluster \"c\": EDS-configured drop: all");
}

}  // namespace
}  // namespace mesh::cluster
