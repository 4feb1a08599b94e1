// Options of connections that change: endpoints that stay get connections of the new options, and
// nothing that was known of them is forgotten.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "mesh/cluster/endpoint_table.h"
#include "mesh/cluster/stall_guard.h"
#include "tests/cluster/subset_fixture.h"

namespace mesh::cluster {
namespace {

using Addresses = std::vector<std::string>;

class ConnectionOptionsTest : public SubsetTest {
 protected:
  static model::Cluster Timeout(int seconds, model::Cluster cluster = {}) {
    cluster.connections.connect_timeout = absl::Seconds(seconds);
    return cluster;
  }
  // The objects behind the addresses that picks find.
  std::map<std::string, const Endpoint*> Objects() {
    std::map<std::string, const Endpoint*> objects;
    for (int i = 0; i < 100; ++i) {
      const PickResult result = Pick();
      const auto* const picked = std::get_if<Picked>(&result);
      if (picked == nullptr) continue;
      objects[picked->permit.endpoint()->address()] = picked->permit.endpoint();
    }
    return objects;
  }
  void Gather() { Advance(EndpointTable::kGatherSuccessorsFor); }
};

TEST_F(ConnectionOptionsTest, AnotherConnectionTakesThePlace) {
  Apply(Config(Endpoints({"a:0", "b:0"}), Timeout(5)));
  Connect();
  const auto before = Objects();
  ASSERT_EQ(before.size(), 2u);
  connector_.set_outcome(ConnectionState::kConnecting);
  Apply(Config(Endpoints({"a:0", "b:0"}), Timeout(6)));
  EXPECT_EQ(connector_.made(), 4);
  // 1. Until it is ready nothing changes.
  Advance(absl::Seconds(1));
  EXPECT_EQ(Objects(), before);
  Become("b:0", ConnectionState::kReady);
  Gather();
  const auto between = Objects();
  EXPECT_EQ(between.at("a:0"), before.at("a:0"));
  EXPECT_NE(between.at("b:0"), before.at("b:0"));
  EXPECT_EQ(connector_.live(), 3);  // the former one of b:0 had no calls
  // 2. One that does not come about takes the place as well.
  Become("a:0", ConnectionState::kFailing);
  Gather();
  EXPECT_EQ(Picks(20), (Addresses{"b:0"}));
  EXPECT_EQ(connector_.live(), 2);
  Become("a:0", ConnectionState::kReady);
  EXPECT_EQ(Picks(20), (Addresses{"a:0", "b:0"}));
}

TEST_F(ConnectionOptionsTest, CallsInFlightEndOnTheFormerConnection) {
  Apply(Config(Endpoints({"a:0"}), Timeout(5)));
  Connect();
  PickResult result = Pick();
  Permit& permit = std::get<Picked>(result).permit;
  const Endpoint* const former = permit.endpoint();
  Apply(Config(Endpoints({"a:0"}), Timeout(6)));
  Gather();
  EXPECT_NE(Objects().at("a:0"), former);
  EXPECT_EQ(permit.endpoint(), former);
  EXPECT_EQ(permit.connection().state(), ConnectionState::kReady);
  EXPECT_EQ(connector_.live(), 2);
  permit.End({14});  // nothing that is said of it now counts for the other one
  Settle();
  EXPECT_EQ(connector_.live(), 1);
  EXPECT_EQ(PickText(), "a:0");
}

TEST_F(ConnectionOptionsTest, AnEndpointThatStaysHasAsManyConnectionsAsIsSaid) {
  Apply(Config(Endpoints({"a:0"})));
  Connect();
  model::Cluster limited;
  limited.connections.max_concurrent_calls = 1;
  Apply(Config(Endpoints({"a:0"}), limited));
  Gather();
  std::vector<PickResult> held;
  uint32_t connections = 0;
  for (int i = 0; i < 3; ++i) {
    held.push_back(Pick());
    Permit& permit = std::get<Picked>(held.back()).permit;
    permit.connection();
    Settle();
    connections = permit.endpoint()->connection().count();
  }
  EXPECT_EQ(connections, 4u);
}

TEST_F(ConnectionOptionsTest, OptionsThatChangeBackLeaveTheConnectionAsItIs) {
  Apply(Config(Endpoints({"a:0"}), Timeout(5)));
  Connect();
  const auto before = Objects();
  connector_.set_outcome(ConnectionState::kConnecting);
  Apply(Config(Endpoints({"a:0"}), Timeout(6)));
  Apply(Config(Endpoints({"a:0"}), Timeout(7)));
  EXPECT_EQ(connector_.made(), 3);
  EXPECT_EQ(connector_.live(), 2);
  Become("a:0", ConnectionState::kReady);
  Apply(Config(Endpoints({"a:0"}), Timeout(5)));  // just before it would take the place
  Gather();
  EXPECT_EQ(Objects(), before);
  EXPECT_EQ(connector_.live(), 1);
}

TEST_F(ConnectionOptionsTest, AnEndpointThatGoesTakesBothWithIt) {
  Apply(Config(Endpoints({"a:0", "b:0"}), Timeout(5)));
  Connect();
  Apply(Config(Endpoints({"a:0", "b:0"}), Timeout(6)));
  Apply(Config(Endpoints({"b:0"}), Timeout(6)));  // both may take their places already
  EXPECT_EQ(connector_.live(), 2);
  Gather();
  EXPECT_EQ(Picks(10), (Addresses{"b:0"}));
  EXPECT_EQ(connector_.live(), 1);
  Apply(Config(Endpoints({"b:0"}), Timeout(7)));
  On([this] { table_ = nullptr; });  // while a timer waits
  EXPECT_EQ(connector_.live(), 0);
}

// Five failures in a row eject, three of them on the former connection; and an ejection goes on.
TEST_F(ConnectionOptionsTest, FailuresAndEjectionsOutliveTheConnection) {
  const auto config = [](int seconds) {
    model::Cluster cluster = Timeout(seconds);
    cluster.outlier_detection.emplace();
    cluster.outlier_detection->max_ejection_percent = 50;
    cluster.outlier_detection->base_ejection_time = absl::Seconds(100);
    return Config(Endpoints({"a:0", "b:0"}), cluster);
  };
  const auto fail_at_a = [this](int failures) {
    while (failures > 0) failures -= Calls(1, 14, "a:0")["a:0"];
  };
  Apply(config(5));
  Connect();
  fail_at_a(3);
  Apply(config(6));
  Gather();
  fail_at_a(1);
  EXPECT_EQ(Picks(20), (Addresses{"a:0", "b:0"}));
  fail_at_a(1);
  EXPECT_EQ(Picks(20), (Addresses{"b:0"}));
  Advance(absl::Seconds(50));
  Apply(config(7));
  Gather();
  EXPECT_EQ(Picks(20), (Addresses{"b:0"}));
  Advance(absl::Seconds(40));
  EXPECT_EQ(Picks(20), (Addresses{"b:0"}));
  Advance(absl::Seconds(20));
  EXPECT_EQ(Picks(20), (Addresses{"a:0", "b:0"}));
}

// The fifth failure in a row is told when another connection has just taken the place.
TEST_F(ConnectionOptionsTest, AFailureThatIsToldLateEjects) {
  const auto config = [](int seconds) {
    model::Cluster cluster = Timeout(seconds);
    cluster.outlier_detection.emplace();
    cluster.outlier_detection->max_ejection_percent = 50;
    return Config(Endpoints({"a:0", "b:0"}), cluster);
  };
  Apply(config(5));
  Connect();
  for (int failures = 4; failures > 0;) failures -= Calls(1, 14, "a:0")["a:0"];
  Apply(config(6));
  PickResult result = Pick();
  while (std::get<Picked>(result).permit.endpoint()->address() != "a:0") result = Pick();
  // The timer is due, and so is before what the call, which ends now, has to say.
  On([&] {
    executor_.Advance(EndpointTable::kGatherSuccessorsFor);
    std::get<Picked>(result).permit.End({14});
  });
  EXPECT_EQ(Picks(20), (Addresses{"b:0"}));
}

TEST_F(ConnectionOptionsTest, EndpointsThatGoGetNoOtherConnections) {
  Apply(Config(Numbered("a", 4), Timeout(5)));
  Connect();
  EXPECT_EQ(connector_.made(), 4);
  Apply(Config(Numbered("b", 4), Timeout(6)));
  EXPECT_EQ(connector_.made(), 8);
}

TEST_F(ConnectionOptionsTest, WeightsAndTablesOutliveTheConnection) {
  std::vector<model::EndpointConfig> endpoints = Numbered("e", 20);
  endpoints[3].weight = 5;
  for (const model::LbPolicy policy :
       {model::LbPolicy::kMaglev, model::LbPolicy::kRingHash, model::LbPolicy::kRoundRobin}) {
    model::Cluster cluster = Timeout(5);
    cluster.balancing.policy = policy;
    Apply(Config(endpoints, cluster));
    Connect();
    Gather();
    std::map<uint64_t, std::string> before;
    const auto takers = [this] {
      std::map<uint64_t, std::string> takers;
      for (uint64_t i = 0; i < 200; ++i) {
        PickRequest request;
        request.hash = i * 0x9e3779b97f4a7c15;
        takers[i] = std::get<Picked>(Pick(request)).permit.endpoint()->address();
      }
      return takers;
    };
    if (cluster.balancing.hashes()) before = takers();
    const auto objects = Objects();
    Apply(Config(endpoints, Timeout(6, cluster)));
    Gather();
    for (const auto& [address, object] : Objects()) {
      if (objects.count(address) == 0) continue;
      EXPECT_NE(object, objects.at(address));
    }
    if (cluster.balancing.hashes()) {
      EXPECT_EQ(takers(), before);
    } else {
      EXPECT_EQ(Shares(24)["e3"], 5);
    }
  }
}

TEST_F(ConnectionOptionsTest, SubsetsHaveTheNewConnections) {
  model::SubsetSelection selection;
  selection.selectors = {{{"v"}, std::nullopt, {}}};
  const std::vector<model::EndpointConfig> endpoints = {With("a:0", {{"v", "1"}}),
                                                        With("b:0", {{"v", "2"}})};
  Apply(Config(endpoints, Timeout(5, WithSubsets(selection))));
  EXPECT_EQ(PicksOf({{"v", "1"}}), (Addresses{"a:0"}));
  EXPECT_EQ(connector_.live(), 1);
  Apply(Config(endpoints, Timeout(6, WithSubsets(selection))));
  Gather();
  EXPECT_EQ(connector_.made(), 2);
  EXPECT_EQ(connector_.live(), 1);
  Become("a:0", ConnectionState::kFailing);
  EXPECT_EQ(Outcome({{"v", "1"}}), "fails");
  Become("a:0", ConnectionState::kReady);
  EXPECT_EQ(PicksOf({{"v", "1"}}), (Addresses{"a:0"}));
}

TEST_F(ConnectionOptionsTest, AStallIsTheFormerConnections) {
  Apply(Config(Endpoints({"a:0", "b:0"}), Timeout(5)));
  Connect();
  // Eight calls that a:0 does not answer, while b:0 does.
  std::vector<PickResult> held;
  for (int i = 0; i < 16; ++i) {
    PickRequest request;
    request.awaits_answer = true;
    PickResult result = Pick(request);
    Permit& permit = std::get<Picked>(result).permit;
    if (permit.endpoint()->address() == "a:0") {
      held.push_back(std::move(result));
    } else {
      permit.End({});
    }
  }
  ASSERT_EQ(held.size(), 8);
  Picks(20);  // finds them
  Advance(StallGuard::kConfirmAfter);
  ASSERT_EQ(Picks(20), (Addresses{"b:0"}));
  Apply(Config(Endpoints({"a:0", "b:0"}), Timeout(6)));
  Gather();
  EXPECT_EQ(Picks(20), (Addresses{"a:0", "b:0"}));
}

}  // namespace
}  // namespace mesh::cluster
