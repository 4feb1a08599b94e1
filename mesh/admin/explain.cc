#include "mesh/admin/explain.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace mesh::admin {
namespace {

using Outcome = Explanation::Outcome;

const model::ClusterConfig* FindConfig(const model::ServiceConfig& config,
                                       const std::string& cluster) {
  for (const std::shared_ptr<const model::ClusterConfig>& found : config.clusters) {
    if (found->key.cluster == cluster) return found.get();
  }
  return nullptr;
}

std::string Label(const Snapshot::Resource& resource) {
  return absl::StrCat(resource.type, " \"", resource.name, "\"");
}

Outcome OutcomeOf(const Snapshot::Cluster& cluster) {
  if (cluster.state == "ready") return Outcome::kServed;
  return cluster.state == "failing" ? Outcome::kFails : Outcome::kWaits;
}

// Fills an explanation, part by part.
class Explainer {
 public:
  Explainer(const CallDescription& call, const TargetFacts& facts)
      : facts_(facts), snapshot_(facts.snapshot) {
    result_.call = call;
    result_.target = snapshot_.target;
    result_.node_id = snapshot_.node_id;
    result_.control_planes = snapshot_.control_planes;
  }

  Explanation Run() {
    if (facts_.config != nullptr) {
      MatchRoutes();
      FillClusters();
      result_.ignored.insert(result_.ignored.begin(), facts_.config->ignored.begin(),
                             facts_.config->ignored.end());
    }
    Decide();
    FillResources();
    return std::move(result_);
  }

 private:
  void MatchRoutes() {
    for (const model::VirtualHost& host : facts_.config->routes->virtual_hosts) {
      result_.virtual_hosts.push_back(
          {host.name, host.domains, &host == facts_.config->virtual_host});
    }
    const std::vector<model::Route>& routes = facts_.config->virtual_host->routes;
    for (size_t i = 0; i < routes.size(); ++i) {
      Explanation::Route& route = result_.routes.emplace_back();
      route.route = snapshot_.routes[i];
      if (result_.route.has_value()) continue;
      route.takes = routes[i].path.Matches(result_.call.path);
      if (route.takes) {
        result_.route = i;
      } else {
        route.mismatch = routes[i].path.Mismatch(result_.call.path);
      }
    }
  }

  void FillClusters() {
    if (!result_.route.has_value()) return;
    const std::vector<model::WeightedCluster>& shares =
        facts_.config->virtual_host->routes[*result_.route].clusters;
    uint64_t of = 0;
    for (const model::WeightedCluster& share : shares) of += share.weight;
    for (const model::WeightedCluster& share : shares) {
      Explanation::Cluster& cluster = result_.clusters.emplace_back();
      const uint64_t divisor = std::gcd(uint64_t{share.weight}, of);
      if (share.weight > 0) cluster.share = {share.weight / divisor, of / divisor};
      cluster.cluster.name = share.cluster;
      for (const Snapshot::Cluster& found : snapshot_.clusters) {
        if (found.name == share.cluster) cluster.cluster = found;
      }
      if (share.match != nullptr && facts_.cluster_for != nullptr) {
        cluster.cluster = facts_.cluster_for(share.cluster, *share.match).value_or(cluster.cluster);
      }
      names_.insert(share.cluster);
      const model::ClusterConfig* config = FindConfig(*facts_.config, share.cluster);
      if (config == nullptr) continue;
      AddNames(*config);
      model::AppendIgnored(*config, &result_.ignored);
    }
  }

  void AddNames(const model::ClusterConfig& config) {
    names_.insert(config.key.cluster);
    names_.insert(config.key.eds_service_name);
    if (config.cluster != nullptr) {
      names_.insert(config.cluster->aggregated.begin(), config.cluster->aggregated.end());
    }
    for (const auto& child : config.children) AddNames(*child);
  }

  void Decide() {
    result_.settled = facts_.awaited_clusters.empty();
    if (facts_.config == nullptr) {
      if (!snapshot_.error.empty()) return Fail(snapshot_.error);
      return Wait(absl::StrCat("nothing is known of the target yet", ControlPlaneTrouble()));
    }
    if (!result_.route.has_value()) {
      return Fail(absl::StrCat("no route takes \"", result_.call.path, "\""));
    }
    std::vector<std::string> reasons;
    bool serves = false, waits = false;
    for (const Explanation::Cluster& cluster : result_.clusters) {
      const Outcome outcome = OutcomeOf(cluster.cluster);
      serves |= outcome == Outcome::kServed;
      waits |= outcome == Outcome::kWaits;
      if (outcome == Outcome::kWaits || cluster.cluster.unsettled ||
          IsConnecting(cluster.cluster)) {
        result_.settled = false;
      }
      if (outcome != Outcome::kServed) reasons.push_back(Trouble(cluster.cluster));
    }
    result_.reason = absl::StrJoin(reasons, "; ");
    if (serves) {
      result_.outcome = reasons.empty() ? Outcome::kServed : Outcome::kPartly;
    } else {
      result_.outcome = waits ? Outcome::kWaits : Outcome::kFails;
    }
  }

  void Fail(std::string reason) {
    result_.outcome = Outcome::kFails;
    result_.reason = std::move(reason);
  }
  void Wait(std::string reason) {
    result_.outcome = Outcome::kWaits;
    result_.reason = std::move(reason);
    result_.settled = false;
  }

  std::string ControlPlaneTrouble() const {
    std::string text;
    for (const Snapshot::ControlPlane& plane : snapshot_.control_planes) {
      if (plane.error.empty()) continue;
      absl::StrAppend(&text, "; control plane ", plane.server, ": ", plane.error);
    }
    return text;
  }

  // Some of the endpoints that would take calls are still being connected.
  static bool IsConnecting(const Snapshot::Cluster& cluster) {
    return std::any_of(cluster.priorities.begin(), cluster.priorities.end(),
                       [](const Snapshot::Priority& priority) {
                         return priority.state == "serving" && priority.connecting > 0;
                       });
  }

  static std::string Trouble(const Snapshot::Cluster& cluster) {
    if (!cluster.error.empty()) return cluster.error;
    return absl::StrCat("cluster \"", cluster.name, "\": no endpoint is connected yet");
  }

  void FillResources() {
    for (const Snapshot::Resource& resource : snapshot_.resources) {
      const bool well = resource.state == "ACKED" && resource.error.empty();
      const bool concerns = resource.type == "Listener" || resource.type == "RouteConfiguration" ||
                            names_.count(resource.name) > 0;
      if (well && !concerns) continue;
      result_.resources.push_back(resource);
      if (!well) FillTrouble(resource);
    }
    for (const std::string& cluster : facts_.awaited_clusters) {
      result_.held.push_back(absl::StrCat("the newest routes: they wait for Cluster \"", cluster,
                                          "\" and its endpoints"));
    }
  }

  void FillTrouble(const Snapshot::Resource& resource) {
    absl::string_view cause = resource.error.empty() ? resource.state : resource.error;
    absl::ConsumePrefix(&cause, absl::StrCat(Label(resource), ": "));
    if (resource.state == "NACKED") {
      result_.rejected.push_back(absl::StrCat(
          Label(resource),
          resource.failed_version.empty() ? "" : absl::StrCat(" version ", resource.failed_version),
          ": ", cause));
    } else if (resource.version.empty()) {
      result_.missing.push_back(
          absl::StrCat(Label(resource), ": ", cause == "REQUESTED" ? "not received yet" : cause));
    }
    if (!resource.version.empty()) {
      result_.held.push_back(
          absl::StrCat(Label(resource), " version ", resource.version, " stays in force: ", cause));
    }
  }

  const TargetFacts& facts_;
  const Snapshot& snapshot_;
  std::set<std::string> names_;  // of the clusters and assignments that the call depends on
  Explanation result_;
};

}  // namespace

Explanation ExplainCall(const CallDescription& call, const TargetFacts& facts) {
  return Explainer(call, facts).Run();
}

}  // namespace mesh::admin
