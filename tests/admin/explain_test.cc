// The explanation of a call, from facts that the test makes up.

#include "mesh/admin/explain.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mesh::admin {
namespace {

using model::PathMatcher;
using Outcome = Explanation::Outcome;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A target with one virtual host of `routes`, and one that is another target's. Every cluster that
// they name is there, ready, with one endpoint.
class Target {
 public:
  explicit Target(std::vector<model::Route> routes) {
    auto table = std::make_shared<model::RouteConfiguration>();
    table->virtual_hosts = {{"other", {"other.example", "*.b"}, {}},
                            {"mine", {"a"}, std::move(routes)}};
    config_->routes = table;
    config_->virtual_host = &table->virtual_hosts[1];
    facts_.snapshot.target = "xds:///a";
    facts_.snapshot.node_id = "n";
    for (const model::Route& route : config_->virtual_host->routes) {
      Snapshot::Route& text = facts_.snapshot.routes.emplace_back();
      text.name = route.name;
      text.match = route.path.ToString();
      for (const model::WeightedCluster& share : route.clusters) {
        text.clusters.push_back({share.cluster, share.weight});
        AddCluster(share.cluster);
      }
    }
  }

  Snapshot& snapshot() { return facts_.snapshot; }
  model::ServiceConfig& config() { return *config_; }
  TargetFacts& facts() { return facts_; }
  Snapshot::Cluster& cluster(const std::string& name) {
    for (Snapshot::Cluster& cluster : facts_.snapshot.clusters) {
      if (cluster.name == name) return cluster;
    }
    ADD_FAILURE() << name;
    return facts_.snapshot.clusters.front();
  }

  Explanation Explain(const std::string& path) {
    facts_.config = config_;
    return ExplainCall({path, {}}, facts_);
  }
  Explanation ExplainWithoutConfig(const std::string& error) {
    facts_.config = nullptr;
    facts_.snapshot.routes.clear();
    facts_.snapshot.clusters.clear();
    facts_.snapshot.error = error;
    return ExplainCall({"/s/m", {}}, facts_);
  }

 private:
  void AddCluster(const std::string& name) {
    for (const Snapshot::Cluster& cluster : facts_.snapshot.clusters) {
      if (cluster.name == name) return;
    }
    Snapshot::Cluster cluster;
    cluster.name = name;
    cluster.state = "ready";
    cluster.priorities = {{0, "serving", 1, 1, 0}};
    cluster.localities = {
        {"r/z/s", 0, 1, {{name + ":1", "ready", "healthy", 1, 0, {1, 1}, ""}}, {1, 1}}};
    facts_.snapshot.clusters.push_back(cluster);
    auto model = std::make_shared<model::Cluster>();
    model->name = name;
    auto entry = std::make_shared<model::ClusterConfig>();
    entry->key = {"", name, name + "-eds"};
    entry->cluster = model;
    config_->clusters.push_back(entry);
  }

  std::shared_ptr<model::ServiceConfig> config_ = std::make_shared<model::ServiceConfig>();
  TargetFacts facts_;
};

model::Route To(PathMatcher path, std::vector<model::WeightedCluster> clusters = {{"c", 1}}) {
  model::Route route;
  route.path = std::move(path);
  route.clusters = std::move(clusters);
  return route;
}

PathMatcher Regex(const std::string& expression) {
  absl::StatusOr<PathMatcher> regex = PathMatcher::Regex(expression);
  EXPECT_TRUE(regex.ok()) << regex.status();
  return *std::move(regex);
}

// Each route's verdict: `takes`, `not reached`, or why it does not match.
std::string Verdicts(const Explanation& explanation) {
  std::vector<std::string> verdicts;
  for (const Explanation::Route& route : explanation.routes) {
    verdicts.push_back(route.takes              ? "takes"
                       : route.mismatch.empty() ? "not reached"
                                                : route.mismatch);
  }
  return absl::StrJoin(verdicts, " | ");
}

// What an aggregate comes down to, and what stands between, concerns the call.
TEST(ExplainCallTest, ResourcesAndFieldsOfAnAggregatesChildren) {
  Target target({To(PathMatcher::Prefix("/"), {{"g", 1}})});
  auto aggregate = std::make_shared<model::Cluster>();
  aggregate->name = "g";
  aggregate->aggregated = {"between"};
  auto leaf = std::make_shared<model::Cluster>();
  leaf->name = "leaf";
  leaf->ignored = {"field"};
  auto child = std::make_shared<model::ClusterConfig>();
  child->key = {"", "leaf", "leaf-eds"};
  child->cluster = leaf;
  auto config = std::make_shared<model::ClusterConfig>();
  config->key = {"", "g", ""};
  config->cluster = aggregate;
  config->children = {child};
  target.config().clusters = {config};
  for (const char* name : {"g", "between", "leaf", "other"}) {
    target.snapshot().resources.push_back({"Cluster", name, "ACKED", "1", "", ""});
  }
  target.snapshot().resources.push_back(
      {"ClusterLoadAssignment", "leaf-eds", "ACKED", "1", "", ""});
  const Explanation explanation = target.Explain("/s/m");
  std::vector<std::string> names;
  for (const Snapshot::Resource& resource : explanation.resources) names.push_back(resource.name);
  EXPECT_THAT(names, ElementsAre("g", "between", "leaf", "leaf-eds"));
  EXPECT_THAT(explanation.ignored, ElementsAre("Cluster \"leaf\": field"));
}

TEST(ExplainCallTest, SaysOfEachRouteWhyItTakesTheCallOrNot) {
  Target target({To(PathMatcher::Exact("/s/Get"), {{"exact", 1}}),
                 To(PathMatcher::Exact("/s/any", false), {{"any-case", 1}}),
                 To(Regex("/s/[0-9]+"), {{"regex", 1}}),
                 To(PathMatcher::Prefix("/s/"), {{"prefix", 1}})});
  const struct {
    const char* path;
    const char* cluster;  // empty: no route takes the call
    const char* verdicts;
  } rows[] = {
      {"/s/Get", "exact", "takes | not reached | not reached | not reached"},
      {"/s/ANY", "any-case", "the path is another | takes | not reached | not reached"},
      {"/s/42", "regex", "the path is another | the path is another | takes | not reached"},
      {"/s/get", "prefix",
       "the path differs in letter case | the path is another | the expression does not match the "
       "path | takes"},
      {"/s/42x", "prefix",
       "the path is another | the path is another | the expression matches only a part of the path "
       "| takes"},
      {"/t/m", "",
       "the path is another | the path is another | the expression does not match the path | the "
       "path begins otherwise"},
      {"/S/m", "",
       "the path is another | the path is another | the expression does not match the path | the "
       "path differs in letter case"},
  };
  for (const auto& row : rows) {
    const Explanation explanation = target.Explain(row.path);
    EXPECT_EQ(Verdicts(explanation), row.verdicts) << row.path;
    EXPECT_TRUE(explanation.settled);
    if (std::string(row.cluster).empty()) {
      EXPECT_EQ(explanation.outcome, Outcome::kFails);
      EXPECT_EQ(explanation.reason, absl::StrCat("no route takes \"", row.path, "\""));
      EXPECT_FALSE(explanation.route.has_value());
      EXPECT_THAT(explanation.clusters, IsEmpty());
      continue;
    }
    EXPECT_EQ(explanation.outcome, Outcome::kServed);
    EXPECT_EQ(explanation.reason, "");
    ASSERT_EQ(explanation.clusters.size(), 1u);
    EXPECT_EQ(explanation.clusters[0].cluster.name, row.cluster);
    EXPECT_TRUE(explanation.routes[*explanation.route].takes);
  }
}

TEST(ExplainCallTest, NamesTheVirtualHostThatServesTheTarget) {
  const Explanation explanation = Target({To(PathMatcher())}).Explain("/s/m");
  ASSERT_EQ(explanation.virtual_hosts.size(), 2u);
  EXPECT_FALSE(explanation.virtual_hosts[0].serves);
  EXPECT_THAT(explanation.virtual_hosts[0].domains, ElementsAre("other.example", "*.b"));
  EXPECT_TRUE(explanation.virtual_hosts[1].serves);
  EXPECT_EQ(explanation.virtual_hosts[1].name, "mine");
}

TEST(ExplainCallTest, SharesMultiplyFromTheRouteDown) {
  Target target({To(PathMatcher(), {{"a", 30}, {"b", 10}})});
  target.cluster("a").localities[0].share = {1, 3};
  target.cluster("a").localities[0].endpoints[0].share = {1, 2};
  const Explanation explanation = target.Explain("/s/m");
  ASSERT_EQ(explanation.clusters.size(), 2u);
  EXPECT_EQ(explanation.clusters[0].share.part, 3u);
  EXPECT_EQ(explanation.clusters[0].share.of, 4u);
  EXPECT_DOUBLE_EQ(explanation.ShareOf(0, 0, 0), 3.0 / 4 / 3 / 2);
  EXPECT_DOUBLE_EQ(explanation.ShareOf(1, 0, 0), 1.0 / 4);
}

TEST(ExplainCallTest, TheClustersOfTheRouteDecideTheOutcome) {
  const struct {
    const char *a, *b;
    Outcome outcome;
    bool settled;
    const char* reason;
  } rows[] = {
      {"ready", "ready", Outcome::kServed, true, ""},
      {"ready", "failing", Outcome::kPartly, true, "cluster \"b\": refused"},
      {"ready", "connecting", Outcome::kPartly, false,
       "cluster \"b\": no endpoint is connected yet"},
      {"failing", "connecting", Outcome::kWaits, false,
       "cluster \"a\": refused; cluster \"b\": no endpoint is connected yet"},
      {"idle", "idle", Outcome::kWaits, false,
       "cluster \"a\": no endpoint is connected yet; cluster \"b\": no endpoint is connected yet"},
      {"failing", "failing", Outcome::kFails, true,
       "cluster \"a\": refused; cluster \"b\": refused"},
  };
  for (const auto& row : rows) {
    Target target({To(PathMatcher::Prefix("/s/"), {{"a", 1}, {"b", 1}}),
                   To(PathMatcher(), {{"elsewhere", 1}})});
    target.cluster("elsewhere").state = "failing";
    for (const auto& [name, state] : {std::pair("a", row.a), std::pair("b", row.b)}) {
      target.cluster(name).state = state;
      if (target.cluster(name).state == "failing") {
        target.cluster(name).error = absl::StrCat("cluster \"", name, "\": refused");
      }
    }
    const Explanation explanation = target.Explain("/s/m");
    EXPECT_EQ(ToString(explanation.outcome), ToString(row.outcome)) << row.a << ", " << row.b;
    EXPECT_EQ(explanation.settled, row.settled) << row.a << ", " << row.b;
    EXPECT_EQ(explanation.reason, row.reason);
  }
}

TEST(ExplainCallTest, IsNotSettledWhileEndpointsOfTheServingPriorityConnect) {
  Target target({To(PathMatcher())});
  target.cluster("c").priorities = {{0, "serving", 2, 1, 1}, {1, "standby", 1, 0, 1}};
  EXPECT_FALSE(target.Explain("/s/m").settled);
  target.cluster("c").priorities[0] = {0, "serving", 2, 1, 0};
  EXPECT_TRUE(target.Explain("/s/m").settled) << "one is failing; the standby does not matter";
  target.cluster("c").unsettled = true;
  EXPECT_FALSE(target.Explain("/s/m").settled) << "one has connected, and no pick finds it yet";
}

TEST(ExplainCallTest, WithoutAConfigurationItFailsWithTheErrorOrWaits) {
  Target target({To(PathMatcher())});
  Explanation explanation = target.ExplainWithoutConfig("Listener \"a\": does not exist");
  EXPECT_EQ(explanation.outcome, Outcome::kFails);
  EXPECT_EQ(explanation.reason, "Listener \"a\": does not exist");
  EXPECT_TRUE(explanation.settled);
  target.snapshot().control_planes = {{"dns:///cp:1", false, "refused"}};
  explanation = target.ExplainWithoutConfig("");
  EXPECT_EQ(explanation.outcome, Outcome::kWaits);
  EXPECT_EQ(explanation.reason,
            "nothing is known of the target yet; control plane dns:///cp:1: refused");
  EXPECT_FALSE(explanation.settled);
}

TEST(ExplainCallTest, TellsWhatIsHeldRejectedAndMissing) {
  const struct {
    Snapshot::Resource resource;
    std::vector<std::string> held, rejected, missing;
  } rows[] = {
      {{"Cluster", "c", "ACKED", "3", "", ""}, {}, {}, {}},
      {{"Cluster", "c", "NACKED", "3", "bad", "4"},
       {"Cluster \"c\" version 3 stays in force: bad"},
       {"Cluster \"c\" version 4: bad"},
       {}},
      {{"Cluster", "c", "NACKED", "", "Cluster \"c\": bad", "4"},
       {},
       {"Cluster \"c\" version 4: bad"},
       {}},
      {{"Listener", "l", "REQUESTED", "", "", ""}, {}, {}, {"Listener \"l\": not received yet"}},
      {{"Listener", "l", "REQUESTED", "", "no route to it", ""},
       {},
       {},
       {"Listener \"l\": no route to it"}},
      {{"Cluster", "x", "DOES_NOT_EXIST", "", "does not exist", ""},
       {},
       {},
       {"Cluster \"x\": does not exist"}},
      {{"Cluster", "c", "ACKED", "3", "control plane: refused", ""},
       {"Cluster \"c\" version 3 stays in force: control plane: refused"},
       {},
       {}},
  };
  for (const auto& row : rows) {
    Target target({To(PathMatcher())});
    target.snapshot().resources = {row.resource};
    const Explanation explanation = target.Explain("/s/m");
    EXPECT_EQ(explanation.held, row.held);
    EXPECT_EQ(explanation.rejected, row.rejected);
    EXPECT_EQ(explanation.missing, row.missing);
    EXPECT_EQ(explanation.resources.size(), 1u);
  }
}

TEST(ExplainCallTest, ResourcesOfOtherCallsAreLeftOutWhileAllIsWellWithThem) {
  Target target({To(PathMatcher::Prefix("/s/"), {{"c", 1}}), To(PathMatcher(), {{"other", 1}})});
  for (const char* name : {"c", "other"}) {
    target.snapshot().resources.push_back({"Cluster", name, "ACKED", "1", "", ""});
    target.snapshot().resources.push_back(
        {"ClusterLoadAssignment", absl::StrCat(name, "-eds"), "ACKED", "1", "", ""});
  }
  target.snapshot().resources.push_back({"Listener", "l", "ACKED", "1", "", ""});
  std::vector<std::string> names;
  for (const Snapshot::Resource& resource : target.Explain("/s/m").resources) {
    names.push_back(resource.name);
  }
  EXPECT_THAT(names, ElementsAre("c", "c-eds", "l"));
}

TEST(ExplainCallTest, NewRoutesThatWaitForClustersAreHeld) {
  Target target({To(PathMatcher())});
  target.facts().awaited_clusters = {"new"};
  const Explanation explanation = target.Explain("/s/m");
  EXPECT_EQ(explanation.outcome, Outcome::kServed);
  EXPECT_FALSE(explanation.settled);
  EXPECT_THAT(explanation.held,
              ElementsAre("the newest routes: they wait for Cluster \"new\" and its endpoints"));
}

TEST(ExplainCallTest, ListsTheIgnoredFieldsThatConcernTheCall) {
  Target target({To(PathMatcher::Prefix("/s/"), {{"c", 1}}), To(PathMatcher(), {{"other", 1}})});
  target.config().ignored = {"Listener \"l\": access_log"};
  for (const char* name : {"c", "other"}) {
    auto cluster = std::make_shared<model::Cluster>();
    cluster->name = name;
    cluster->ignored = {"alt_stat_name"};
    for (auto& entry : target.config().clusters) {
      if (entry->key.cluster != name) continue;
      auto changed = std::make_shared<model::ClusterConfig>(*entry);
      changed->cluster = cluster;
      entry = changed;
    }
  }
  EXPECT_THAT(target.Explain("/s/m").ignored,
              ElementsAre("Listener \"l\": access_log", "Cluster \"c\": alt_stat_name"));
}

}  // namespace
}  // namespace mesh::admin
