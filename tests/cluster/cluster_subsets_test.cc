// Subsets: which endpoints take the calls that name no metadata (envoy cluster.proto,
// LbSubsetConfig.fallback_policy).

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mesh/cluster/endpoint_table.h"
#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

using Fallback = model::SubsetSelection::Fallback;
using Pairs = std::vector<std::pair<std::string, std::string>>;

class ClusterSubsetsTest : public ClusterTest {
 protected:
  ClusterSubsetsTest() { connector_.set_outcome(ConnectionState::kReady); }

  static model::EndpointConfig With(const std::string& address, Pairs metadata) {
    model::EndpointConfig endpoint{address};
    auto extras = std::make_shared<model::EndpointExtras>();
    extras->metadata = std::move(metadata);
    endpoint.extras = std::move(extras);
    return endpoint;
  }
  // a: 1, stable. b: 1. c: 2, stable. d: nothing.
  static std::vector<model::EndpointConfig> Four() {
    return {With("a:0", {{"stage", "stable"}, {"version", "1"}}),
            With("b:0", {{"version", "1"}}),
            With("c:0", {{"stage", "stable"}, {"version", "2"}}),
            {"d:0"}};
  }
  static model::Cluster Subsets(Fallback fallback, Pairs default_subset = {}) {
    auto subsets = std::make_shared<model::SubsetSelection>();
    subsets->fallback = fallback;
    subsets->default_subset = std::move(default_subset);
    subsets->selectors = {{{"version"}, std::nullopt}};
    model::Cluster cluster;
    cluster.subsets = std::move(subsets);
    return cluster;
  }
  void Serve(const std::vector<model::EndpointConfig>& endpoints, const model::Cluster& cluster) {
    Apply(Config(endpoints, cluster));
    Connect();
  }
  std::string Excluded(const std::string& address) {
    for (const auto& locality : SnapshotNow().localities) {
      for (const Snapshot::Endpoint& endpoint : locality.endpoints) {
        if (endpoint.address == address) return endpoint.excluded;
      }
    }
    return "unknown";
  }
};

TEST_F(ClusterSubsetsTest, WhoTakesCalls) {
  const struct {
    Fallback fallback;
    Pairs default_subset;
    std::vector<std::string> picked;
  } kRows[] = {
      {Fallback::kAnyEndpoint, {{"version", "1"}}, {"a:0", "b:0", "c:0", "d:0"}},
      {Fallback::kDefaultSubset, {}, {"a:0", "b:0", "c:0", "d:0"}},
      {Fallback::kDefaultSubset, {{"version", "1"}}, {"a:0", "b:0"}},
      {Fallback::kDefaultSubset, {{"stage", "stable"}}, {"a:0", "c:0"}},
      {Fallback::kDefaultSubset, {{"stage", "stable"}, {"version", "2"}}, {"c:0"}},
  };
  for (const auto& row : kRows) {
    Serve(Four(), Subsets(row.fallback, row.default_subset));
    EXPECT_EQ(Picks(100), row.picked);
    Advance(EndpointTable::kLingerFor);  // of the row before
    EXPECT_EQ(Wanted(), row.picked);
  }
}

TEST_F(ClusterSubsetsTest, WithoutAFallbackCallsFail) {
  Serve(Four(), Subsets(Fallback::kNone));
  EXPECT_EQ(PickText(),
            "cluster \"c\": none of its 4 endpoints takes calls that name no metadata "
            "(lb_subset_config, NO_FALLBACK)");
  EXPECT_TRUE(Wanted().empty());
  EXPECT_EQ(Excluded("a:0"), "not in the subset that takes the calls");
}

TEST_F(ClusterSubsetsTest, AnEmptyDefaultSubsetFailsCalls) {
  Serve(Four(), Subsets(Fallback::kDefaultSubset, {{"stage", "canary"}, {"version", "1"}}));
  EXPECT_EQ(PickText(),
            "cluster \"c\": none of its 4 endpoints is in the default subset "
            "(stage=canary, version=1)");
}

TEST_F(ClusterSubsetsTest, OthersDoNotCount) {
  std::vector<model::EndpointConfig> endpoints = Four();
  endpoints[0].health = endpoints[1].health = model::HealthStatus::kUnhealthy;
  // Two of two are ill, as far as version 1 goes: panic, and the others get nothing all the same.
  Serve(endpoints, Subsets(Fallback::kDefaultSubset, {{"version", "1"}}));
  EXPECT_EQ(Picks(100), (std::vector<std::string>{"a:0", "b:0"}));
  EXPECT_TRUE(SnapshotNow().priorities[0].panic);
}

TEST_F(ClusterSubsetsTest, UpdatesMoveEndpointsInAndOut) {
  const model::ClusterConfig config =
      Config(Four(), Subsets(Fallback::kDefaultSubset, {{"version", "1"}}));
  Apply(config);
  Connect();
  std::vector<model::EndpointConfig> endpoints = Four();
  endpoints[1] = With("b:0", {{"version", "2"}});
  endpoints[3] = With("d:0", {{"version", "1"}});
  model::ClusterConfig next = config;
  next.endpoints = Assignment({{"a", endpoints}});
  Apply(next);
  EXPECT_EQ(Picks(100), (std::vector<std::string>{"a:0", "d:0"}));
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:0", "b:0", "d:0"}));
  Advance(EndpointTable::kLingerFor);
  EXPECT_EQ(Wanted(), (std::vector<std::string>{"a:0", "d:0"}));
  // The rule itself changes.
  Apply(Config(endpoints, Subsets(Fallback::kDefaultSubset, {{"version", "2"}})));
  EXPECT_EQ(Picks(100), (std::vector<std::string>{"b:0", "c:0"}));
  Apply(Config(endpoints));
  EXPECT_EQ(Picks(100), (std::vector<std::string>{"a:0", "b:0", "c:0", "d:0"}));
}

}  // namespace
}  // namespace mesh::cluster
