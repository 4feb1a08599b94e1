// Subsets: which endpoints take the calls that name metadata (envoy cluster.proto, LbSubsetConfig;
// envoy's arch_overview, "Load Balancer Subsets").

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mesh/cluster/endpoint_table.h"
#include "mesh/cluster/subset_table.h"
#include "mesh/model/metadata_match.h"
#include "tests/cluster/subset_fixture.h"

namespace mesh::cluster {
namespace {

using model::HealthStatus;
using Addresses = std::vector<std::string>;

class ClusterSubsetCallsTest : public SubsetTest {
 protected:
  // The example of Envoy's documentation.
  static std::vector<model::EndpointConfig> Four() {
    return {With("1:0", {{"stage", "prod"}, {"v", "1.0"}}),
            With("2:0", {{"stage", "prod"}, {"v", "1.0"}}),
            With("3:0", {{"stage", "canary"}, {"v", "1.1"}}),
            With("4:0", {{"stage", "dev"}, {"v", "1.2-pre"}})};
  }
  static model::SubsetSelection Selection() {
    model::SubsetSelection selection;
    selection.fallback = Fallback::kDefaultSubset;
    selection.default_subset = {{"stage", "prod"}};
    selection.selectors = {{{"stage", "v"}, std::nullopt, {}}, {{"stage"}, Fallback::kNone, {}}};
    return selection;
  }
};

TEST_F(ClusterSubsetCallsTest, EnvoysExample) {
  Serve(Four(), Selection());
  EXPECT_EQ(PicksOf({{"stage", "canary"}}), (Addresses{"3:0"}));
  EXPECT_EQ(PicksOf({{"stage", "dev"}, {"v", "1.2-pre"}}), (Addresses{"4:0"}));
  EXPECT_EQ(PicksOf({{"stage", "prod"}}), (Addresses{"1:0", "2:0"}));
  EXPECT_EQ(PicksOf({{"v", "1.0"}}), (Addresses{"1:0", "2:0"}));    // no selector of "v" alone
  EXPECT_EQ(PicksOf({{"other", "x"}}), (Addresses{"1:0", "2:0"}));  // none of "other"
  EXPECT_EQ(Picks(100), (Addresses{"1:0", "2:0"}));                 // nothing is named
  EXPECT_EQ(PicksOf({{"stage", "test"}}),
            (Addresses{"cluster \"c\": no endpoint is in a subset stage=test, which the route "
                       "names (lb_subset_config, NO_FALLBACK)"}));
}

TEST_F(ClusterSubsetCallsTest, WithoutSubsetsMetadataDoNothing) {
  Apply(Config(Four()));
  Connect();
  EXPECT_EQ(PicksOf({{"stage", "canary"}}), (Addresses{"1:0", "2:0", "3:0", "4:0"}));
}

// The number, the text and the list are not the same.
TEST_F(ClusterSubsetCallsTest, ValuesAreOfAKind) {
  model::SubsetSelection selection;
  selection.selectors = {{{"v"}, std::nullopt, {}}};
  Serve({With("number:0", {{"v", "1"}}), With("text:0", {{"v", "\"1\""}}),
         With("list:0", {{"v", "[1]"}})},
        selection);
  EXPECT_EQ(PicksOf({{"v", "1"}}), (Addresses{"number:0"}));
  EXPECT_EQ(PicksOf({{"v", "\"1\""}}), (Addresses{"text:0"}));
  EXPECT_EQ(PicksOf({{"v", "[1]"}}), (Addresses{"list:0"}));
  selection.list_as_any = true;
  Serve({With("number:0", {{"v", "1"}}), With("list:0", {{"v", "[1,\"a,]\",1]"}})}, selection);
  EXPECT_EQ(PicksOf({{"v", "1"}}), (Addresses{"list:0", "number:0"}));
  EXPECT_EQ(PicksOf({{"v", "\"a,]\""}}), (Addresses{"list:0"}));
}

TEST_F(ClusterSubsetCallsTest, FallbackOfSelectors) {
  model::SubsetSelection selection;
  selection.default_subset = {{"stage", "prod"}};
  selection.selectors = {{{"v"}, Fallback::kAnyEndpoint, {}},
                         {{"stage"}, Fallback::kDefaultSubset, {}},
                         {{"stage", "v"}, Fallback::kFewerKeys, {"v"}},
                         {{"stage", "v", "x"}, Fallback::kFewerKeys, {"stage", "v"}}};
  Serve(Four(), selection);
  const Addresses all = {"1:0", "2:0", "3:0", "4:0"};
  EXPECT_EQ(PicksOf({{"v", "9"}}), all);
  EXPECT_EQ(PicksOf({{"stage", "test"}}), (Addresses{"1:0", "2:0"}));
  EXPECT_EQ(PicksOf({{"stage", "test"}, {"v", "1.1"}}), (Addresses{"3:0"}));
  EXPECT_EQ(PicksOf({{"stage", "dev"}, {"v", "1.2-pre"}, {"x", "1"}}), (Addresses{"4:0"}));
  EXPECT_EQ(PicksOf({{"stage", "test"}, {"v", "9"}, {"x", "1"}}), all);
  EXPECT_EQ(PickTextOf({{"other", "1"}}).substr(0, 37), "cluster \"c\": no endpoint is in a subs");
}

TEST_F(ClusterSubsetCallsTest, RedundantKeys) {
  model::SubsetSelection selection;
  selection.selectors = {{{"stage"}, std::nullopt, {}}, {{"v"}, std::nullopt, {}}};
  Serve(Four(), selection);
  EXPECT_EQ(Outcome({{"stage", "dev"}, {"x", "1"}}), "fails");
  selection.allow_redundant_keys = true;
  Serve(Four(), selection);
  EXPECT_EQ(PicksOf({{"stage", "dev"}, {"x", "1"}}), (Addresses{"4:0"}));
  // The first selector counts.
  EXPECT_EQ(PicksOf({{"stage", "prod"}, {"v", "1.1"}}), (Addresses{"1:0", "2:0"}));
}

TEST_F(ClusterSubsetCallsTest, AlternativesOneAfterTheOther) {
  model::SubsetSelection selection;
  selection.selectors = {{{"stage"}, std::nullopt, {}}};
  std::vector<model::MetadataMatch> alternatives;
  for (const char* stage : {"none", "canary", "prod"}) {
    alternatives.emplace_back(model::MetadataFields{{"stage", stage}});
  }
  const model::MetadataMatch match(model::MetadataFields{{"fallback_list", "[]"}, {"stage", "dev"}},
                                   alternatives);
  Serve(Four(), selection);
  EXPECT_EQ(OutcomeOf(match), "fails");  // the list is a key like others
  selection.obeys_fallback_list = true;
  Serve(Four(), selection);
  EXPECT_EQ(PicksOfMatch(&match), (Addresses{"3:0"}));
  Become("3:0", ConnectionState::kFailing);
  EXPECT_EQ(PicksOfMatch(&match), (Addresses{"1:0", "2:0"}));
}

TEST_F(ClusterSubsetCallsTest, AnyEndpointWhereTheFallbackCannot) {
  model::SubsetSelection selection = Selection();
  selection.panic_mode_any = true;
  selection.default_subset = {{"stage", "nothing"}};
  Serve(Four(), selection);
  const Addresses all = {"1:0", "2:0", "3:0", "4:0"};
  EXPECT_EQ(PicksOf({{"v", "1.0"}}), all);
  EXPECT_EQ(PicksOfNothing(), all);
  EXPECT_EQ(Outcome({{"stage", "test"}}), "fails");  // its selector falls back to nobody
}

// A subset has its own health, priorities and panic: what others have does not matter.
TEST_F(ClusterSubsetCallsTest, OthersDoNotCount) {
  std::vector<model::EndpointConfig> first = Four();
  first[0].health = HealthStatus::kUnhealthy;
  Serve({{"a", first}, {"b", {With("5:0", {{"stage", "dev"}}), With("6:0", {{"stage", "qa"}})}, 1}},
        Selection());
  // Half of the two are well: that is 70 % of what they are to take.
  EXPECT_EQ(PicksOf({{"stage", "prod"}}), (Addresses{"2:0"}));
  EXPECT_EQ(PicksOf({{"stage", "dev"}}), (Addresses{"4:0"}));
  EXPECT_EQ(PicksOf({{"stage", "qa"}}), (Addresses{"6:0"}));
  Become("4:0", ConnectionState::kFailing);
  EXPECT_EQ(PicksOf({{"stage", "dev"}}), (Addresses{"5:0"}));
  Become("4:0", ConnectionState::kReady);
  Become("5:0", ConnectionState::kFailing);
  EXPECT_EQ(PicksOf({{"stage", "dev"}}), (Addresses{"4:0"}));
  Become("4:0", ConnectionState::kFailing);
  EXPECT_EQ(PickTextOf({{"stage", "dev"}}),
            "cluster \"c\", subset stage=dev: no endpoint is connected: 2 of 2 endpoints are "
            "failing: 4:0: refused");
}

TEST_F(ClusterSubsetCallsTest, ConnectsWhatCallsHaveNamed) {
  model::SubsetSelection selection;
  selection.selectors = {{{"stage"}, std::nullopt, {}}};
  Apply(Config(Four(), WithSubsets(selection)));
  EXPECT_TRUE(Wanted().empty());
  EXPECT_EQ(Outcome({{"stage", "canary"}}), "waits");
  Settle();
  EXPECT_EQ(Wanted(), (Addresses{"3:0"}));
  EXPECT_EQ(PicksOf({{"stage", "canary"}}), (Addresses{"3:0"}));
  const model::MetadataMatch dev(model::MetadataFields{{"stage", "dev"}});
  On([&] { cluster_->ConnectFor(&dev); });
  EXPECT_EQ(Wanted(), (Addresses{"3:0", "4:0"}));
  EXPECT_EQ(OutcomeOf(dev), "4:0");
}

// However few may be connected, each subset has its own.
TEST_F(ClusterSubsetCallsTest, TheCapIsOfEachSubset) {
  model::SubsetSelection selection;
  selection.selectors = {{{"stage"}, std::nullopt, {}}};
  model::Cluster cluster = WithSubsets(selection);
  cluster.max_connected_endpoints = 1;
  std::vector<model::EndpointConfig> endpoints;
  for (int i = 0; i < 50; ++i) endpoints.push_back(With(absl::StrCat("a", i, ":0"), {}));
  for (const char* stage : {"x", "y"}) {
    for (int i = 0; i < 5; ++i) {
      endpoints.push_back(With(absl::StrCat(stage, i, ":0"), {{"stage", stage}}));
    }
  }
  Apply(Config(endpoints, cluster));
  EXPECT_EQ(PicksOf({{"stage", "x"}}).size(), 1u);
  EXPECT_EQ(PicksOf({{"stage", "y"}}).size(), 1u);
  EXPECT_EQ(Wanted().size(), 2u);
}

TEST_F(ClusterSubsetCallsTest, UpdatesMoveEndpoints) {
  model::SubsetSelection selection;
  selection.selectors = {{{"stage"}, std::nullopt, {}}};
  const model::ClusterConfig config = Config(Four(), WithSubsets(selection));
  Apply(config);
  EXPECT_EQ(PicksOf({{"stage", "prod"}}), (Addresses{"1:0", "2:0"}));
  EXPECT_EQ(PicksOf({{"stage", "dev"}}), (Addresses{"4:0"}));
  std::vector<model::EndpointConfig> endpoints = Four();
  endpoints[1] = With("2:0", {{"stage", "dev"}});
  endpoints[3] = With("4:0", {});
  endpoints.push_back(With("5:0", {{"stage", "prod"}}));
  model::ClusterConfig next = config;
  next.endpoints = Assignment({{"a", endpoints}});
  Apply(next);
  EXPECT_EQ(PicksOf({{"stage", "prod"}}), (Addresses{"1:0", "5:0"}));
  EXPECT_EQ(PicksOf({{"stage", "dev"}}), (Addresses{"2:0"}));
  EXPECT_EQ(Wanted(), (Addresses{"1:0", "2:0", "4:0", "5:0"}));
  Advance(EndpointTable::kLingerFor);
  EXPECT_EQ(Wanted(), (Addresses{"1:0", "2:0", "5:0"}));
  // A subset goes with its last endpoint, and comes again.
  next.endpoints = Assignment({{"a", {endpoints[0]}}});
  Apply(next);
  EXPECT_EQ(Outcome({{"stage", "dev"}}), "fails");
  EXPECT_EQ(Wanted(), (Addresses{"1:0"}));
  Apply(config);
  EXPECT_EQ(PicksOf({{"stage", "dev"}}), (Addresses{"4:0"}));
}

// Calls that wait for a subset hear of it, though no picker that was there has changed.
TEST_F(ClusterSubsetCallsTest, ANewSubsetIsTold) {
  class Ears : public Cluster::Observer {
   public:
    void OnPickerChanged() override { ++heard; }
    int heard = 0;
  } ears;
  model::SubsetSelection selection;
  selection.selectors = {{{"stage"}, std::nullopt, {}}};
  const model::ClusterConfig config = Config(Four(), WithSubsets(selection));
  Apply(config);
  On([&] { cluster_->AddObserver(&ears); });
  std::vector<model::EndpointConfig> endpoints = Four();
  endpoints.push_back(With("5:0", {{"stage", "test"}}));
  model::ClusterConfig next = config;
  next.endpoints = Assignment({{"a", endpoints}});
  EXPECT_EQ(Outcome({{"stage", "test"}}), "fails");
  Apply(next);
  EXPECT_EQ(ears.heard, 1);
  EXPECT_EQ(PicksOf({{"stage", "test"}}), (Addresses{"5:0"}));
  On([&] { cluster_->RemoveObserver(&ears); });
}

// The endpoint is the same object in all subsets that have it.
TEST_F(ClusterSubsetCallsTest, EndpointsAreShared) {
  Serve(Four(), Selection());
  const model::MetadataMatch stage(model::MetadataFields{{"stage", "canary"}});
  const model::MetadataMatch both(model::MetadataFields{{"stage", "canary"}, {"v", "1.1"}});
  OutcomeOf(stage);
  OutcomeOf(both);
  Settle();
  PickRequest request;
  request.metadata = &stage;
  const PickResult one = Pick(request);
  request.metadata = &both;
  const PickResult other = Pick(request);
  ASSERT_TRUE(std::holds_alternative<Picked>(one) && std::holds_alternative<Picked>(other));
  EXPECT_EQ(std::get<Picked>(one).permit.endpoint(), std::get<Picked>(other).permit.endpoint());
  EXPECT_EQ(std::get<Picked>(one).permit.endpoint()->in_flight(), 2u);
}

TEST_F(ClusterSubsetCallsTest, PickFirstGoesByTheOrderOfTheList) {
  model::SubsetSelection selection;
  selection.selectors = {{{"v"}, std::nullopt, {}}};
  model::Cluster cluster = WithSubsets(selection);
  cluster.balancing.policy = model::LbPolicy::kPickFirst;
  std::vector<model::EndpointConfig> endpoints;
  for (int i = 0; i < 8; ++i) {
    endpoints.push_back(With(absl::StrCat(8 - i, ":0"), {{"v", i % 2 == 0 ? "a" : "b"}}));
  }
  model::ClusterConfig config = Config(endpoints, cluster);
  Apply(config);
  EXPECT_EQ(PicksOf({{"v", "a"}}), (Addresses{"8:0"}));
  EXPECT_EQ(PicksOf({{"v", "b"}}), (Addresses{"7:0"}));
  std::swap(endpoints[1], endpoints[5]);
  config.endpoints = Assignment({{"a", endpoints}});
  Apply(config);
  EXPECT_EQ(PicksOf({{"v", "b"}}), (Addresses{"7:0"})) << "it stays until it is lost";
  Become("7:0", ConnectionState::kFailing);
  EXPECT_EQ(PicksOf({{"v", "b"}}), (Addresses{"3:0"}));
}

TEST_F(ClusterSubsetCallsTest, RulesChange) {
  model::SubsetSelection selection;
  selection.selectors = {{{"stage"}, std::nullopt, {}}};
  Serve(Four(), selection);
  EXPECT_EQ(PicksOf({{"stage", "prod"}}), (Addresses{"1:0", "2:0"}));
  model::Cluster hashing = WithSubsets(selection);
  hashing.balancing.policy = model::LbPolicy::kRingHash;
  Apply(Config(Four(), hashing));
  EXPECT_EQ(PicksOf({{"stage", "prod"}}), (Addresses{"1:0", "2:0"}));
  // Those that are in use stay connected while their selector is there.
  selection.selectors = {{{"v"}, std::nullopt, {}}, {{"stage"}, std::nullopt, {}}};
  Serve(Four(), selection);
  EXPECT_NE(Outcome({{"stage", "prod"}}), "waits");
  EXPECT_NE(Outcome({{"stage", "prod"}}), "fails");
  selection.selectors = {{{"v"}, std::nullopt, {}}};
  Serve(Four(), selection);
  EXPECT_EQ(Outcome({{"stage", "prod"}}), "fails");
  EXPECT_EQ(PicksOf({{"v", "1.1"}}), (Addresses{"3:0"}));
  Apply(Config(Four()));
  EXPECT_EQ(PicksOf({{"v", "1.1"}}), (Addresses{"1:0", "2:0", "3:0", "4:0"}));
}

TEST_F(ClusterSubsetCallsTest, NoMoreSubsetsThanThereMayBe) {
  model::SubsetSelection selection;
  selection.selectors = {{{"id"}, std::nullopt, {}}};
  std::vector<model::EndpointConfig> endpoints;
  for (size_t i = 0; i <= SubsetTable::kMostSubsets; ++i) {
    endpoints.push_back(With(absl::StrCat(i, ":0"), {{"id", absl::StrCat(i)}}));
  }
  model::ClusterConfig config = Config(endpoints, WithSubsets(selection));
  Apply(config);
  EXPECT_EQ(PicksOf({{"id", "7"}}), (Addresses{"7:0"}));
  EXPECT_EQ(PickTextOf({{"id", "65536"}}),
            "cluster \"c\": its endpoints make more subsets than the 65536 that there may be, and "
            "none that there is has id=65536");
  endpoints.erase(endpoints.begin());
  config.endpoints = Assignment({{"a", endpoints}});
  Apply(config);
  EXPECT_EQ(PicksOf({{"id", "65536"}}), (Addresses{"65536:0"}));
}

TEST_F(ClusterSubsetCallsTest, SnapshotsTellOfSubsets) {
  Serve(Four(), Selection());
  EXPECT_EQ(PicksOf({{"stage", "canary"}}), (Addresses{"3:0"}));
  const Snapshot::Cluster all = SnapshotNow();
  EXPECT_EQ(all.subset_count, 6u);
  ASSERT_EQ(all.subsets.size(), 6u);
  EXPECT_EQ(all.subsets[0].metadata, "stage=canary");
  EXPECT_EQ(all.subsets[0].state, "ready");
  EXPECT_EQ(all.subsets[0].endpoints, 1u);
  EXPECT_EQ(all.subsets[0].ready, 1u);
  EXPECT_EQ(all.subsets[1].metadata, "stage=canary, v=1.1");
  EXPECT_EQ(all.subsets[1].state, "idle");
  const model::MetadataMatch canary(model::MetadataFields{{"stage", "canary"}});
  const model::MetadataMatch other(model::MetadataFields{{"x", "1"}});
  const model::MetadataMatch test(model::MetadataFields{{"stage", "test"}});
  Snapshot::Cluster of_canary, of_other, of_test;
  On([&] {
    of_canary = cluster_->SnapshotFor(&canary);
    of_other = cluster_->SnapshotFor(&other);
    of_test = cluster_->SnapshotFor(&test);
  });
  EXPECT_EQ(of_canary.named, "stage=canary");
  EXPECT_EQ(of_canary.subset, "stage=canary");
  ASSERT_EQ(of_canary.localities.size(), 1u);
  ASSERT_EQ(of_canary.localities[0].endpoints.size(), 1u);
  EXPECT_EQ(of_canary.localities[0].endpoints[0].address, "3:0");
  EXPECT_EQ(of_canary.localities[0].endpoints[0].share.value(), 1);
  EXPECT_EQ(of_other.named, "x=1");
  EXPECT_EQ(of_other.subset, "");
  EXPECT_EQ(of_other.state, "ready");
  EXPECT_EQ(of_test.state, "failing");
  EXPECT_EQ(of_test.error.substr(0, 30), "cluster \"c\": no endpoint is in");
}

}  // namespace
}  // namespace mesh::cluster
