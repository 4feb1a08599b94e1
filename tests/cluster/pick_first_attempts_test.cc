// pick_first: which endpoints are tried, and which one stays (gRFC A61, A62).

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

using Addresses = std::vector<std::string>;

class PickFirstAttemptsTest : public ClusterTest {
 protected:
  static constexpr absl::Duration kDelay = absl::Milliseconds(250);

  static model::Cluster PickFirst(bool shuffle = false) {
    model::Cluster cluster;
    cluster.balancing.policy = model::LbPolicy::kPickFirst;
    cluster.balancing.pick_first.shuffle = shuffle;
    return cluster;
  }
  void Serve(const Addresses& addresses) {
    Apply(Config(Endpoints(addresses), PickFirst()));
    Connect();
  }
};

TEST_F(PickFirstAttemptsTest, OthersAreTriedWhileTheFirstIsSilent) {
  Serve({"a", "b", "c"});
  EXPECT_EQ(Wanted(), (Addresses{"a"}));
  Advance(kDelay - absl::Milliseconds(1));
  EXPECT_EQ(Wanted(), (Addresses{"a"}));
  Advance(absl::Milliseconds(1));
  EXPECT_EQ(Wanted(), (Addresses{"a", "b"}));
  EXPECT_EQ(PickText(), "pending");
  Advance(kDelay);
  EXPECT_EQ(Wanted(), (Addresses{"a", "b", "c"}));
  Become("b", ConnectionState::kReady);
  EXPECT_EQ(Wanted(), (Addresses{"b"}));
  EXPECT_EQ(Picks(10), (Addresses{"b"}));
  Advance(absl::Seconds(10));
  EXPECT_EQ(Wanted(), (Addresses{"b"}));
}

TEST_F(PickFirstAttemptsTest, NobodyWaitsForOneThatHasFailed) {
  Serve({"a", "b", "c"});
  Become("a", ConnectionState::kFailing);
  EXPECT_EQ(Wanted(), (Addresses{"a", "b"}));
  Become("b", ConnectionState::kFailing);
  Become("c", ConnectionState::kReady);
  EXPECT_EQ(Wanted(), (Addresses{"c"}));
  EXPECT_EQ(Picks(10), (Addresses{"c"}));
}

TEST_F(PickFirstAttemptsTest, TheOneStaysUntilItIsLost) {
  Serve({"a", "b"});
  Become("a", ConnectionState::kFailing);
  Become("b", ConnectionState::kReady);
  EXPECT_EQ(Picks(10), (Addresses{"b"}));
  // Another order, and more of them: it is still there.
  Serve({"c", "a", "b"});
  EXPECT_EQ(Picks(10), (Addresses{"b"}));
  EXPECT_EQ(Wanted(), (Addresses{"b"}));
  // Lost: from the first one on.
  Become("b", ConnectionState::kConnecting);
  EXPECT_EQ(Wanted(), (Addresses{"c"}));
  Become("c", ConnectionState::kReady);
  EXPECT_EQ(Picks(10), (Addresses{"c"}));
  // It leaves.
  Serve({"a", "b"});
  EXPECT_EQ(Wanted(), (Addresses{"a"}));
}

TEST_F(PickFirstAttemptsTest, AllHaveFailed) {
  Serve({"a", "b"});
  Become("a", ConnectionState::kFailing);
  Become("b", ConnectionState::kFailing);
  EXPECT_NE(PickText().find("refused"), std::string::npos) << PickText();
  EXPECT_EQ(Wanted(), (Addresses{"a", "b"}));
  Become("b", ConnectionState::kReady);
  EXPECT_EQ(Picks(10), (Addresses{"b"}));
}

TEST_F(PickFirstAttemptsTest, LocalitiesAreTriedOneAfterTheOther) {
  Apply(Config({{"x", Endpoints({"a", "b"})}, {"y", Endpoints({"c"})}}, PickFirst()));
  Connect();
  EXPECT_EQ(Wanted(), (Addresses{"a"}));
  Advance(2 * kDelay);
  EXPECT_EQ(Wanted(), (Addresses{"a", "b", "c"}));
  Become("c", ConnectionState::kReady);
  EXPECT_EQ(Wanted(), (Addresses{"c"}));
  Become("c", ConnectionState::kFailing);
  EXPECT_EQ(Wanted(), (Addresses{"a"}));
}

TEST_F(PickFirstAttemptsTest, TheNextLocalityIsTriedWhenAllOfThoseBeforeHaveFailed) {
  Apply(Config({{"x", Endpoints({"a", "b"})}, {"y", Endpoints({"c"})}}, PickFirst()));
  Connect();
  Become("a", ConnectionState::kFailing);
  Become("b", ConnectionState::kFailing);
  EXPECT_EQ(Wanted(), (Addresses{"a", "b", "c"}));
  Become("c", ConnectionState::kReady);
  EXPECT_EQ(Picks(10), (Addresses{"c"}));
}

TEST_F(PickFirstAttemptsTest, TheNextLocalityIsTriedWhenThatBeforeHasGone) {
  Apply(Config({{"x", Endpoints({"a"})}, {"y", Endpoints({"c"})}}, PickFirst()));
  Connect();
  Become("a", ConnectionState::kReady);
  Apply(Config({{"y", Endpoints({"c"})}}, PickFirst()));
  EXPECT_EQ(Wanted(), (Addresses{"c"}));
}

TEST_F(PickFirstAttemptsTest, HoweverManyHaveFailed) {
  connector_.set_outcome(ConnectionState::kFailing);
  connector_.set_outcome("a39", ConnectionState::kReady);
  Apply(Config(Numbered("a", 40), PickFirst()));
  Connect();
  Advance(absl::Minutes(1));
  EXPECT_EQ(Picks(10), (Addresses{"a39"}));
}

TEST_F(PickFirstAttemptsTest, ShuffledOnesToo) {
  Apply(Config(Numbered("a", 5), PickFirst(true)));
  Connect();
  ASSERT_EQ(Wanted().size(), 1u);
  Advance(kDelay);
  const Addresses two = Wanted();
  ASSERT_EQ(two.size(), 2u);
  Become(two[1], ConnectionState::kReady);
  EXPECT_EQ(Wanted(), (Addresses{two[1]}));
  EXPECT_EQ(Picks(10), (Addresses{two[1]}));
}

// Whatever has happened: there is one that is ready and no other, or all are tried.
TEST_F(PickFirstAttemptsTest, RandomStories) {
  std::mt19937 random(1);
  const auto draw = [&random](size_t below) { return random() % below; };
  const Addresses all = {"a", "b", "c", "d", "e", "f"};
  std::set<std::string> configured;
  for (int step = 0; step < 3'000; ++step) {
    SCOPED_TRACE(step);
    if (step == 0 || draw(4) == 0) {
      configured.clear();
      std::vector<TestLocality> localities;
      for (const char* zone : {"x", "y", "z"}) {
        Addresses addresses = all;
        std::shuffle(addresses.begin(), addresses.end(), random);
        addresses.resize(draw(4));
        configured.insert(addresses.begin(), addresses.end());
        if (draw(4) > 0 || !addresses.empty()) localities.push_back({zone, Endpoints(addresses)});
      }
      Apply(Config(localities, PickFirst(draw(2) == 0)));
      Connect();
    } else {
      const std::string& address = all[draw(all.size())];
      static constexpr ConnectionState kStates[] = {
          ConnectionState::kConnecting, ConnectionState::kReady, ConnectionState::kFailing};
      if (connector_.connection(address) != nullptr) Become(address, kStates[draw(3)]);
    }
    Advance(draw(3) * kDelay / 2);
    if (draw(4) > 0) continue;
    Advance(20 * kDelay);
    const Addresses wanted = Wanted();
    const auto ready = std::find_if(wanted.begin(), wanted.end(), [this](const std::string& one) {
      return connector_.StateOf(one) == ConnectionState::kReady;
    });
    if (ready == wanted.end()) {
      ASSERT_EQ(wanted, Addresses(configured.begin(), configured.end()));
    } else {
      ASSERT_EQ(wanted, Addresses{*ready});
      ASSERT_EQ(Picks(3), Addresses{*ready});
    }
  }
}

// Calls go to healthy ones, if there are some that do not fail.
TEST_F(PickFirstAttemptsTest, DegradedOnesComeAfterAllOthers) {
  std::vector<model::EndpointConfig> endpoints = Endpoints({"a", "b", "c"});
  endpoints[0].health = model::HealthStatus::kDegraded;
  Apply(Config(endpoints, PickFirst()));
  Connect();
  Advance(10 * kDelay);
  EXPECT_EQ(Wanted(), (Addresses{"b", "c"}));
  Become("b", ConnectionState::kFailing);
  Become("c", ConnectionState::kFailing);
  Become("a", ConnectionState::kReady);
  EXPECT_EQ(Picks(10), (Addresses{"a"}));
  Become("c", ConnectionState::kReady);
  EXPECT_EQ(Picks(10), (Addresses{"c"}));
  EXPECT_EQ(Wanted(), (Addresses{"c"}));
}

class CheckedPickFirstTest : public PickFirstAttemptsTest {
 protected:
  static std::vector<model::HealthCheck> Checks() {
    model::HealthCheck check;
    check.interval = check.no_traffic_interval = absl::Seconds(5);
    check.timeout = absl::Seconds(1);
    return {check};
  }
  void ServeChecked(const std::vector<model::EndpointConfig>& endpoints,
                    model::Cluster cluster = PickFirst()) {
    cluster.health_checks = Checks();
    Apply(Config(endpoints, cluster));
    Connect();
  }
  void Serve(const Addresses& addresses) { ServeChecked(Endpoints(addresses)); }
};

TEST_F(CheckedPickFirstTest, OneThatWaitsForItsFirstCheckIsAnAttempt) {
  connector_.set_outcome(ConnectionState::kReady);
  Serve({"a", "b", "c"});
  EXPECT_EQ(Wanted(), (Addresses{"a"}));
  Advance(kDelay);
  EXPECT_EQ(Wanted(), (Addresses{"a", "b"}));
  On([this] { prober_.Finish("b", wire::ProbeOutcome::kSuccess); });
  EXPECT_EQ(Picks(10), (Addresses{"b"}));
  Advance(absl::Seconds(1));
  EXPECT_EQ(Picks(10), (Addresses{"b"}));
}

// That there are too few healthy ones is known of those alone that are connected.
TEST_F(CheckedPickFirstTest, PanicDoesNotEndTheSearchForAHealthyOne) {
  connector_.set_outcome(ConnectionState::kReady);
  prober_.set_outcome("a", wire::ProbeOutcome::kUnexpected);
  prober_.set_outcome("b", wire::ProbeOutcome::kUnexpected);
  prober_.set_outcome("c", wire::ProbeOutcome::kSuccess);
  Serve({"a", "b", "c"});
  Advance(absl::Seconds(2));
  EXPECT_EQ(Picks(10), (Addresses{"c"}));
}

TEST_F(CheckedPickFirstTest, NoneIsHealthy) {
  connector_.set_outcome(ConnectionState::kReady);
  Serve({"a", "b"});
  for (const char* address : {"a", "b"}) {
    prober_.set_outcome(address, wire::ProbeOutcome::kUnexpected);
  }
  Advance(absl::Seconds(20));
  EXPECT_EQ(Picks(10), (Addresses{"a"})) << "it panics";
  prober_.set_outcome("b", wire::ProbeOutcome::kSuccess);
  Advance(absl::Seconds(20));
  EXPECT_EQ(Picks(10), (Addresses{"b"}));
}

// In panic those are there that the control plane says are ill: for want of others.
TEST_F(CheckedPickFirstTest, IllOnesComeAfterAllOthers) {
  connector_.set_outcome(ConnectionState::kReady);
  std::vector<model::EndpointConfig> endpoints = Endpoints({"a", "b", "c", "d"});
  endpoints[0].health = endpoints[1].health = model::HealthStatus::kUnhealthy;
  ServeChecked(endpoints);
  EXPECT_EQ(Wanted(), (Addresses{"c"}));
  prober_.set_outcome("d", wire::ProbeOutcome::kUnexpected);
  On([this] { prober_.Finish("c", wire::ProbeOutcome::kUnexpected); });
  Advance(absl::Seconds(2));
  EXPECT_EQ(Wanted(), (Addresses{"a", "c", "d"})) << "one of them is enough";
  prober_.set_outcome("d", wire::ProbeOutcome::kSuccess);
  Advance(absl::Seconds(20));
  EXPECT_EQ(Picks(10), (Addresses{"d"}));
}

TEST_F(CheckedPickFirstTest, FewWithOtherPoliciesToo) {
  connector_.set_outcome(ConnectionState::kReady);
  prober_.set_outcome("a", wire::ProbeOutcome::kUnexpected);
  prober_.set_outcome("b", wire::ProbeOutcome::kUnexpected);
  model::Cluster cluster;
  cluster.max_connected_endpoints = 1;
  ServeChecked(Endpoints({"a", "b"}), cluster);
  Advance(absl::Seconds(20));
  EXPECT_EQ(Wanted(), (Addresses{"a", "b"}));
  prober_.set_outcome("b", wire::ProbeOutcome::kSuccess);
  Advance(absl::Seconds(20));
  EXPECT_EQ(Picks(10), (Addresses{"b"}));
}

// Whatever is configured and has happened: turns end, and one that is healthy is found.
TEST_F(CheckedPickFirstTest, RandomStories) {
  std::mt19937 random(1);
  const auto draw = [&random](size_t below) { return random() % below; };
  const Addresses all = {"a", "b", "c", "d", "e", "f"};
  const auto update = [&] {
    std::vector<TestLocality> localities;
    for (const char* zone : {"x", "y", "z"}) {
      Addresses addresses = all;
      std::shuffle(addresses.begin(), addresses.end(), random);
      addresses.resize(1 + draw(3));
      std::vector<model::EndpointConfig> endpoints = Endpoints(addresses);
      for (size_t i = 1; i < endpoints.size(); ++i) {
        if (draw(3) == 0) endpoints[i].health = static_cast<model::HealthStatus>(draw(6));
      }
      const bool is_first = localities.empty();
      localities.push_back({zone, endpoints, is_first ? 0 : static_cast<uint32_t>(draw(2))});
    }
    model::Cluster cluster = PickFirst(draw(2) == 0);
    if (draw(3) == 0) cluster.balancing.policy = model::LbPolicy::kRoundRobin;
    if (draw(3) == 0) cluster.circuit_breakers.normal.max_connections = 1 + draw(3);
    if (draw(2) == 0) cluster.max_connected_endpoints = 1 + draw(3);
    if (draw(2) == 0) cluster.health_checks = Checks();
    cluster.ignore_new_until_checked = draw(2) == 0;
    if (draw(3) == 0) cluster.panic_threshold = draw(2) * 100;
    Apply(Config(localities, cluster));
    Connect();
  };
  const auto set_outcomes = [&](wire::ProbeOutcome outcome) {
    for (const std::string& address : all) prober_.set_outcome(address, outcome);
  };
  update();
  for (int step = 0; step < 3'000; ++step) {
    SCOPED_TRACE(step);
    const std::string& address = all[draw(all.size())];
    if (draw(4) == 0) {
      update();
    } else if (draw(2) == 0) {
      prober_.set_outcome(
          address, draw(2) == 0 ? wire::ProbeOutcome::kSuccess : wire::ProbeOutcome::kUnexpected);
    } else if (connector_.connection(address) != nullptr) {
      static constexpr ConnectionState kStates[] = {
          ConnectionState::kConnecting, ConnectionState::kReady, ConnectionState::kFailing};
      Become(address, kStates[draw(3)]);
    }
    Advance(draw(3) * kDelay / 2);
    if (draw(16) > 0) continue;
    set_outcomes(wire::ProbeOutcome::kSuccess);
    for (size_t round = 0; round < 2 * all.size(); ++round) {
      for (const std::string& one : Wanted()) {
        const bool is_there = connector_.connection(one) != nullptr;
        if (is_there && connector_.StateOf(one) != ConnectionState::kReady) {
          Become(one, ConnectionState::kReady);
        }
      }
      Advance(absl::Seconds(6));
    }
    const std::string picked = PickText();
    ASSERT_TRUE(std::find(all.begin(), all.end(), picked) != all.end()) << picked;
    set_outcomes(wire::ProbeOutcome::kUnexpected);
  }
}

// An ejection takes the one away as a loss does.
TEST_F(PickFirstAttemptsTest, AnUnhealthyOneIsNotTheOne) {
  connector_.set_outcome(ConnectionState::kReady);
  Serve({"a", "b"});
  EXPECT_EQ(Picks(10), (Addresses{"a"}));
  std::vector<model::EndpointConfig> endpoints = Endpoints({"a", "b"});
  endpoints[0].health = model::HealthStatus::kUnhealthy;
  model::Cluster cluster = PickFirst();
  cluster.panic_threshold = 0;
  Apply(Config(endpoints, cluster));
  EXPECT_EQ(Picks(10), (Addresses{"b"}));
}

}  // namespace
}  // namespace mesh::cluster
