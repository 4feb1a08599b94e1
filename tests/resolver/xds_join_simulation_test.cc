// Random histories of resources, against the naive join of the newest ones.

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"
#include "tests/resolver/xds_world.h"

namespace mesh::testing {
namespace {

using Events = std::vector<std::string>;

// A control plane that changes anything at any time, and remembers what is newest.
class Simulation {
 public:
  explicit Simulation(uint64_t seed) : random_(NewSeededRandom(seed)) {}

  // One change, of a resource that anybody may or may not use.
  void Step() {
    switch (random_->NextBelow(12)) {
      case 0:
        return StepListener();
      case 10:
      case 11:
        return StepDns();
      case 1:
      case 2:
        return StepRoutes(Pick("r", 2));
      case 3:
      case 4:
      case 5:
        return StepCluster(Pick("c", 4));
      default:
        return StepEndpoints(Pick("e", 5));
    }
  }
  // Runs what is due, and holds what the resolver said to its promises.
  void Settle();
  // Decides all that is undecided, so that nothing is waited for.
  void Calm();
  // What a resolver has to say in the end, by the newest resources alone.
  std::string NaiveJoin() const;

  XdsWorld& world() { return world_; }
  // How many clusters of routes in force were lost.
  int losses() const { return losses_; }

 private:
  // What is known of a resource: nothing if it is not in the map, an error if `value` is empty.
  struct Known {
    std::vector<std::string> value;
  };
  using All = std::map<std::string, Known>;

  std::string Pick(absl::string_view prefix, uint64_t count) {
    return absl::StrCat(prefix, random_->NextBelow(count));
  }
  bool Chance(uint64_t one_in) { return random_->NextBelow(one_in) == 0; }

  void StepListener() {
    if (Chance(4)) {
      listener_ = Known{};
      world_.Delete('l', "l");
    } else if (Chance(3)) {
      const Events clusters = PickClusters();
      listener_ = Known{{"", absl::StrJoin(clusters, " ")}};
      inline_clusters_ = clusters;
      world_.InlineListener(XdsWorld::RoutesTo("", clusters));
    } else {
      const std::string routes = Pick("r", 2);
      listener_ = Known{{routes}};
      world_.Listener(routes);
    }
  }
  Events PickClusters() {
    Events clusters = {Pick("c", 4)};
    while (Chance(2)) clusters.push_back(Pick("c", 4));
    return clusters;
  }
  void StepRoutes(const std::string& name) {
    if (Chance(6)) {
      routes_[name] = Known{};
      world_.Delete('r', name);
    } else {
      routes_[name] = Known{PickClusters()};
      world_.Routes(name, routes_[name].value);
    }
  }
  void StepCluster(const std::string& name) {
    Known& cluster = clusters_[name];
    switch (random_->NextBelow(8)) {
      case 0:
      case 1:
        cluster = Known{};
        return world_.Delete('c', name);
      case 2:
        cluster = Known{{"static", absl::StrCat("10.0.1.", random_->NextBelow(250), ":1")}};
        return world_.Cluster(name, model::ClusterType::kStatic, {cluster.value[1]});
      case 3:
        cluster = Known{{"dns", Pick("h", 3)}};
        return world_.Cluster(name, model::ClusterType::kStrictDns, {cluster.value[1] + ":1"});
      case 4:
      case 5: {
        const Events children = PickClusters();
        cluster = Known{{"aggregate", absl::StrJoin(children, " ")}};
        return world_.Aggregate(name, children);
      }
      default:
        cluster = Known{{"eds", Pick("e", 5)}};
        return world_.Cluster(name, cluster.value[1]);
    }
  }
  // A question is answered, or time passes.
  void StepDns() {
    if (world_.dns().unanswered.empty()) {
      world_.executor().Advance(absl::Seconds(random_->NextBelow(6)));
    } else if (Chance(4)) {
      world_.Dns(absl::StrCat(world_.dns().unanswered.front().host, "!timeout"));
    } else {
      AnswerFirst();
    }
  }
  // `h1` is 7.7.7.1, always.
  void AnswerFirst() {
    const std::string host = world_.dns().unanswered.front().host;
    world_.Dns(absl::StrCat(host, "=7.7.7.", host.substr(1)));
  }
  void StepEndpoints(const std::string& name) {
    if (Chance(8)) {
      endpoints_[name] = Known{};
      world_.Delete('e', name);
    } else {
      const std::string address = absl::StrCat("10.0.0.", random_->NextBelow(250), ":1");
      endpoints_[name] = Known{{address}};
      world_.Endpoints(name, {address});
    }
  }
  std::string NaiveJoinOf(const Events& clusters) const;
  std::string NaiveClusterOf(const std::string& name) const;
  // Adds what an aggregate comes down to, each once. Returns the cycle, if there is one.
  std::string NaiveLeavesOf(const std::string& name, Events path, Events* met,
                            Events* leaves) const;
  // What the newest routes name; none while they are not known, or not there.
  std::optional<Events> NewestClusters() const;
  void CheckConfig(const model::ServiceConfig& config);
  void CheckStep(const model::ServiceConfig& previous, const model::ServiceConfig& config);

  const std::unique_ptr<Random> random_;
  XdsWorld world_;
  std::optional<Known> listener_;
  Events inline_clusters_;
  All routes_, clusters_, endpoints_;
  size_t checked_ = 0;
  bool had_config_ = false;  // as of the last Settle()
  int losses_ = 0;
};

// Each promise that one configuration can break by itself.
void Simulation::CheckConfig(const model::ServiceConfig& config) {
  std::set<std::string> named;
  for (const model::Route& route : config.virtual_host->routes) {
    for (const model::WeightedCluster& cluster : route.clusters) named.insert(cluster.cluster);
  }
  Events there;
  for (const auto& cluster : config.clusters) {
    there.push_back(cluster->key.cluster);
    EXPECT_EQ(cluster->cluster == nullptr, !cluster->status.ok());
    EXPECT_EQ(cluster->endpoints == nullptr, !cluster->status.ok() || !cluster->children.empty());
  }
  EXPECT_EQ(there, Events(named.begin(), named.end()));
}

void Simulation::CheckStep(const model::ServiceConfig& previous,
                           const model::ServiceConfig& config) {
  EXPECT_FALSE(previous.routes == config.routes && previous.clusters == config.clusters &&
               previous.ambient_errors == config.ambient_errors &&
               previous.ignored == config.ignored)
      << "nothing changed";
  if (previous.routes != config.routes) return;
  // Routes in force lose a cluster only if the newest routes want it too.
  const std::optional<Events> newest = NewestClusters();
  for (size_t i = 0; i < config.clusters.size(); ++i) {
    const std::string& name = config.clusters[i]->key.cluster;
    const bool is_leaving =
        !newest.has_value() || std::find(newest->begin(), newest->end(), name) == newest->end();
    if (previous.clusters[i]->status.ok() && !config.clusters[i]->status.ok()) {
      ++losses_;
      EXPECT_FALSE(is_leaving) << name;
    }
    // Nor does an aggregate that is to go lose what it comes down to.
    for (const auto& before : previous.clusters[i]->children) {
      for (const auto& after : config.clusters[i]->children) {
        if (before->key.cluster != after->key.cluster) continue;
        EXPECT_FALSE(is_leaving && before->status.ok() && !after->status.ok()) << name;
      }
    }
  }
}

void Simulation::Settle() {
  RecordingObserver& observer = world_.observer();
  const Events events = world_.Settle();
  for (const std::string& event : events) {
    if (event.substr(0, 6) == "error:") continue;
    const model::ServiceConfig& config = *observer.configs[checked_++];
    CheckConfig(config);
    // Only where no error was between the two.
    if (had_config_ && events.size() == 1) CheckStep(*observer.configs[checked_ - 2], config);
  }
  had_config_ = !observer.configs.empty() && observer.error.ok();
  EXPECT_EQ(world_.client().holds(), 0);
}

void Simulation::Calm() {
  if (!listener_.has_value()) {
    listener_ = Known{{"r0"}};
    world_.Listener("r0");
  }
  for (const std::string name : {"r0", "r1"}) {
    if (routes_.count(name) != 0) continue;
    routes_[name] = Known{{"c0", "c1"}};
    world_.Routes(name, {"c0", "c1"});
  }
  for (const std::string name : {"c0", "c1", "c2", "c3"}) {
    if (clusters_.count(name) != 0) continue;
    clusters_[name] = Known{};
    world_.Delete('c', name);
  }
  for (const std::string name : {"e0", "e1", "e2", "e3", "e4"}) {
    if (endpoints_.count(name) != 0) continue;
    endpoints_[name] = Known{};
    world_.Delete('e', name);
  }
  // DNS answers all that is asked, and asked again after a failure.
  for (int i = 0; i < 4; ++i) {
    world_.executor().Advance(absl::Seconds(5));
    while (!world_.dns().unanswered.empty()) {
      AnswerFirst();
      world_.executor().RunReady();
    }
  }
}

std::optional<Events> Simulation::NewestClusters() const {
  if (!listener_.has_value() || listener_->value.empty()) return std::nullopt;
  if (listener_->value[0].empty()) return inline_clusters_;
  const auto routes = routes_.find(listener_->value[0]);
  if (routes == routes_.end() || routes->second.value.empty()) return std::nullopt;
  return routes->second.value;
}

std::string Simulation::NaiveLeavesOf(const std::string& name, Events path, Events* met,
                                      Events* leaves) const {
  path.push_back(name);
  const auto first = std::find(path.begin(), path.end(), name);
  if (first != path.end() - 1) return absl::StrJoin(first, path.end(), " > ");
  if (std::find(met->begin(), met->end(), name) != met->end()) return "";
  met->push_back(name);
  const Known& cluster = clusters_.at(name);
  if (cluster.value.empty() || cluster.value[0] != "aggregate") {
    leaves->push_back(name);
    return "";
  }
  std::string cycle;
  for (const absl::string_view child : absl::StrSplit(cluster.value[1], ' ')) {
    const std::string found = NaiveLeavesOf(std::string(child), path, met, leaves);
    if (cycle.empty()) cycle = found;
  }
  return cycle;
}

std::string Simulation::NaiveClusterOf(const std::string& name) const {
  const Known& cluster = clusters_.at(name);
  if (cluster.value.empty()) return absl::StrCat(name, "!Cluster \"", name, "\": does not exist");
  const std::string& type = cluster.value[0];
  const std::string& value = cluster.value[1];
  if (type == "static") return absl::StrCat(name, "[", value, "]");
  if (type == "dns") return absl::StrCat(name, "[7.7.7.", value.substr(1), ":1]");
  if (type == "aggregate") {
    Events met, leaves, parts;
    const std::string cycle = NaiveLeavesOf(name, {}, &met, &leaves);
    if (!cycle.empty()) {
      return absl::StrCat(name, "!cluster \"", name, "\": clusters aggregate each other: ", cycle);
    }
    for (const std::string& leaf : leaves) parts.push_back(NaiveClusterOf(leaf));
    return absl::StrCat(name, "{", absl::StrJoin(parts, " "), "}");
  }
  const Known& endpoints = endpoints_.at(value);
  if (!endpoints.value.empty()) return absl::StrCat(name, "[", endpoints.value[0], "]");
  return absl::StrCat(name, "!cluster \"", name, "\": ClusterLoadAssignment \"", value,
                      "\": does not exist");
}

std::string Simulation::NaiveJoinOf(const Events& clusters) const {
  Events parts;
  for (const std::string& name : std::set<std::string>(clusters.begin(), clusters.end())) {
    parts.push_back(NaiveClusterOf(name));
  }
  return absl::StrJoin(parts, " ");
}

std::string Simulation::NaiveJoin() const {
  if (listener_->value.empty()) return "error: Listener \"l\": does not exist";
  const std::string& routes_name = listener_->value[0];
  if (routes_name.empty()) return NaiveJoinOf(inline_clusters_);
  const Known& routes = routes_.at(routes_name);
  if (routes.value.empty()) {
    return absl::StrCat("error: Listener \"l\": RouteConfiguration \"", routes_name,
                        "\": does not exist");
  }
  return NaiveJoinOf(routes.value);
}

TEST(XdsJoinSimulationTest, EndsInTheNaiveJoinAndKeepsItsPromisesOnTheWay) {
  int losses = 0;
  std::string ends;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Simulation simulation(seed);
    const std::unique_ptr<Random> pace = NewSeededRandom(seed + 1'000'000);
    for (int step = 0; step < 60; ++step) {
      simulation.Step();
      if (pace->NextBelow(3) != 0) simulation.Settle();
    }
    simulation.Calm();
    simulation.Settle();
    const RecordingObserver& observer = simulation.world().observer();
    EXPECT_EQ(observer.error.ok() ? RecordingObserver::Describe(*observer.configs.back())
                                  : absl::StrCat("error: ", observer.error.message()),
              simulation.NaiveJoin());
    losses += simulation.losses();
    absl::StrAppend(&ends, simulation.NaiveJoin(), "\n");
    if (::testing::Test::HasFailure()) return;
  }
  // What this is about does happen.
  EXPECT_GT(losses, 100);
  for (const absl::string_view sign : {"{", "aggregate each other", "[7.7.7.", "[10.0.1."}) {
    EXPECT_GT(std::vector<std::string>(absl::StrSplit(ends, sign)).size(), 10u) << sign;
  }
}

// A cluster that is served by the old routes alone is served until the new routes are complete,
// whatever the order of events (F13).
TEST(XdsJoinSimulationTest, ASwitchLosesNoClusterInAnyOrder) {
  // The events of a switch from `old` to `new`; all orders in which the routes change before the
  // old cluster goes.
  Events order = {"cluster new", "delete old", "endpoints new", "routes"};
  int orders = 0;
  do {
    const auto at = [&order](absl::string_view event) {
      return std::find(order.begin(), order.end(), event);
    };
    if (at("delete old") < at("routes")) continue;
    ++orders;
    SCOPED_TRACE(absl::StrJoin(order, ", "));
    XdsWorld world;
    world.Listener("r");
    world.Routes("r", {"old"});
    world.Complete("old", "1.1.1.1:1");
    world.Settle();
    for (const std::string& event : order) {
      if (event == "routes") world.Routes("r", {"new"});
      if (event == "cluster new") world.Cluster("new");
      if (event == "endpoints new") world.Endpoints("new", {"2.2.2.2:2"});
      if (event == "delete old") world.Delete('c', "old");
      world.Settle();
      EXPECT_TRUE(world.observer().error.ok());
      for (const auto& cluster : world.config().clusters) EXPECT_TRUE(cluster->status.ok());
    }
    EXPECT_EQ(RecordingObserver::Describe(world.config()), "new[2.2.2.2:2]");
    EXPECT_EQ(world.Dependencies(), "l:l r:r c:new e:new");
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(orders, 12);
}

}  // namespace
}  // namespace mesh::testing
