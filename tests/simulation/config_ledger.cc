#include "tests/simulation/config_ledger.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_join.h"

namespace mesh::simulation {
namespace {

// The addresses that stay connected whatever happens to other priorities; also while they drain.
std::set<std::string> FirstPriority(const model::ClusterConfig& cluster) {
  std::set<std::string> addresses;
  if (cluster.endpoints == nullptr || !cluster.status.ok()) return addresses;
  for (const auto& locality : cluster.endpoints->localities) {
    if (locality->priority != 0) continue;
    locality->endpoints.ForEach(
        [&](const model::EndpointConfig& endpoint) { addresses.insert(endpoint.address); });
  }
  return addresses;
}

// The priorities whose endpoints take calls whatever their health (envoy, panic), and whether
// degraded ones take any: by a rule as simple as can be, in which no load is computed.
struct HealthRules {
  std::set<uint32_t> panic;
  bool degraded_serve = false;
};

// The endpoints of a cluster that take calls which name that metadata (null: none), whatever their
// health: those of a subset by `version`, or what calls fall back to where that has none.
class Takers {
 public:
  Takers(const model::ClusterConfig& cluster, const model::MetadataMatch* match) {
    const model::SubsetSelection* const subsets = cluster.cluster->subsets.get();
    if (subsets == nullptr) return;
    all_ = subsets->fallback == model::SubsetSelection::Fallback::kAnyEndpoint;
    none_ = !all_;
    if (match == nullptr) return;
    value_ = match->fields().at(0).value;
    for (const auto& locality : cluster.endpoints->localities) {
      locality->endpoints.ForEach([&](const model::EndpointConfig& endpoint) {
        if (HasValue(endpoint)) all_ = none_ = false;
      });
    }
  }

  bool Has(const model::EndpointConfig& endpoint) const {
    return all_ || (!none_ && HasValue(endpoint));
  }

 private:
  bool HasValue(const model::EndpointConfig& endpoint) const {
    return endpoint.extras != nullptr && endpoint.extras->metadata.size() == 1 &&
           endpoint.extras->metadata[0].second == value_;
  }

  bool all_ = true;
  bool none_ = false;
  std::string value_;
};

HealthRules RulesOf(const model::ClusterConfig& cluster, const Takers& takers) {
  struct Counts {
    double all = 0, healthy = 0, degraded = 0;
  };
  std::map<uint32_t, Counts> priorities;
  for (const auto& locality : cluster.endpoints->localities) {
    Counts& counts = priorities[locality->priority];
    locality->endpoints.ForEach([&](const model::EndpointConfig& endpoint) {
      if (!takers.Has(endpoint)) return;
      if (endpoint.health == model::HealthStatus::kDraining) return;  // does not count
      ++counts.all;
      if (model::IsUsable(endpoint.health)) ++counts.healthy;
      if (endpoint.health == model::HealthStatus::kDegraded) ++counts.degraded;
    });
  }
  const double factor = cluster.endpoints->overprovisioning_factor / 100.0;
  double available = 0;
  HealthRules rules;
  for (const auto& [priority, counts] : priorities) {
    if (counts.all == 0) continue;
    available += factor * (counts.healthy + counts.degraded) / counts.all;
    rules.degraded_serve = true;
  }
  for (const auto& [priority, counts] : priorities) {
    const double percent = 100 * (counts.healthy + counts.degraded) / std::max(1.0, counts.all);
    // Rounding is not this rule's business, nor who is ejected: it errs on the side of panic.
    const bool ejects = cluster.cluster->outlier_detection.has_value();
    if (ejects || (available < 1.05 && percent < cluster.cluster->panic_threshold + 1)) {
      rules.panic.insert(priority);
    }
  }
  return rules;
}

std::string Key(const model::ClusterConfig& cluster) {
  return absl::StrCat(cluster.key.cluster, "@", cluster.key.eds_service_name);
}

std::string Describe(const model::ServiceConfig& config) {
  std::vector<std::string> parts;
  for (const auto& cluster : config.clusters) {
    if (!cluster->children.empty()) {
      parts.push_back(
          absl::StrCat(cluster->key.cluster, ":", cluster->children.size(), " clusters"));
      continue;
    }
    parts.push_back(cluster->status.ok() ? absl::StrCat(cluster->key.cluster, ":",
                                                        cluster->endpoints->endpoint_count())
                                         : absl::StrCat(cluster->key.cluster, "!"));
  }
  return absl::StrJoin(parts, " ");
}

}  // namespace

std::vector<std::shared_ptr<const model::ClusterConfig>> AllOf(const model::ServiceConfig& config) {
  std::vector<std::shared_ptr<const model::ClusterConfig>> all;
  for (const auto& cluster : config.clusters) {
    all.push_back(cluster);
    all.insert(all.end(), cluster->children.begin(), cluster->children.end());
  }
  return all;
}

uint64_t ConfigLedger::Hand(const std::string& target, Config config) {
  trace_->Note("config of ", target, ": ", config == nullptr ? "none" : Describe(*config));
  const uint64_t token = ++last_;
  Config& current = current_[target];
  former_.push_back({token, target, std::move(current)});
  current = std::move(config);
  if (current != nullptr) {
    CheckRoutes(target, *current);
    NoteConnections(*current);
    for (const auto& cluster : AllOf(*current)) ForgetEndpoints(*cluster);
  }
  ForgetClusters();
  return token;
}

void ConfigLedger::NoteConnections(const model::ServiceConfig& config) {
  for (const auto& cluster : AllOf(config)) {
    if (cluster->cluster == nullptr) continue;
    const std::string key = Key(*cluster);
    const auto found = connections_.emplace(key, cluster->cluster->connections).first;
    if (found->second == cluster->cluster->connections) continue;
    found->second = cluster->cluster->connections;
    made_anew_.insert(key);
    seen_.erase(seen_.lower_bound({key, ""}), seen_.lower_bound({key + '\0', ""}));
  }
}

void ConfigLedger::Forget(const std::string& target) {
  current_.erase(target);
  ForgetClusters();
}

void ConfigLedger::Settle(uint64_t token) {
  former_.erase(std::remove_if(former_.begin(), former_.end(),
                               [token](const Former& former) { return former.token <= token; }),
                former_.end());
}

// gRFC A74: whatever a route names is there, with endpoints or a definite error.
void ConfigLedger::CheckRoutes(const std::string& target, const model::ServiceConfig& config) {
  std::set<std::string> there;
  for (const auto& cluster : config.clusters) {
    there.insert(cluster->key.cluster);
    const bool has_some = cluster->endpoints != nullptr || !cluster->children.empty();
    if (cluster->status.ok() && (cluster->cluster == nullptr || !has_some)) {
      violations_->Add(Invariant::kRoutes, target, ": cluster ", cluster->key.cluster,
                       " has neither endpoints nor an error");
    }
  }
  for (const model::Route& route : config.virtual_host->routes) {
    for (const model::WeightedCluster& share : route.clusters) {
      if (there.count(share.cluster) > 0) continue;
      violations_->Add(Invariant::kRoutes, target, ": a route names cluster ", share.cluster,
                       ", which is not there");
    }
  }
}

void ConfigLedger::ForgetEndpoints(const model::ClusterConfig& cluster) {
  const std::set<std::string> kept = FirstPriority(cluster);
  for (auto it = seen_.lower_bound({Key(cluster), ""});
       it != seen_.end() && it->first.first == Key(cluster);) {
    it = kept.count(it->first.second) > 0 ? std::next(it) : seen_.erase(it);
  }
}

void ConfigLedger::ForgetClusters() {
  const std::set<std::string> clusters = Clusters();
  for (auto it = seen_.begin(); it != seen_.end();) {
    it = clusters.count(it->first.first) > 0 ? std::next(it) : seen_.erase(it);
  }
}

std::set<std::string> ConfigLedger::Clusters() const {
  std::set<std::string> clusters;
  for (const auto& [target, config] : current_) {
    if (config == nullptr) continue;
    for (const auto& cluster : AllOf(*config)) {
      // Each target has an aggregate of its own.
      const std::string of = cluster->children.empty() ? "" : absl::StrCat(target, "'s ");
      clusters.insert(absl::StrCat(of, Key(*cluster)));
    }
  }
  return clusters;
}

bool ConfigLedger::Has(const Config& config, const std::string& cluster, const std::string& address,
                       const Matches& matches) {
  if (config == nullptr) return false;
  std::vector<std::shared_ptr<const model::ClusterConfig>> candidates;
  for (const auto& one : config->clusters) {
    if (!cluster.empty() && one->key.cluster != cluster) continue;
    candidates.push_back(one);
    candidates.insert(candidates.end(), one->children.begin(), one->children.end());
  }
  bool has = false;
  for (const auto& candidate : candidates) {
    if (candidate->endpoints == nullptr || candidate->cluster == nullptr) continue;
    for (const std::shared_ptr<const model::MetadataMatch>& match : matches) {
      const Takers takers(*candidate, match.get());
      const HealthRules rules = RulesOf(*candidate, takers);
      for (const auto& locality : candidate->endpoints->localities) {
        locality->endpoints.ForEach([&](const model::EndpointConfig& endpoint) {
          if (endpoint.address != address || !takers.Has(endpoint)) return;
          has |= model::IsUsable(endpoint.health) || rules.panic.count(locality->priority) > 0 ||
                 (rules.degraded_serve && endpoint.health == model::HealthStatus::kDegraded);
        });
      }
    }
  }
  return has;
}

ConfigLedger::Matches ConfigLedger::MatchesOf(const std::string& target) {
  Matches matches;
  const auto add = [&matches](const Config& config) {
    if (config == nullptr) return;
    for (const model::Route& route : config->virtual_host->routes) {
      for (const model::WeightedCluster& share : route.clusters) matches.insert(share.match);
    }
  };
  add(current_[target]);
  for (const Former& former : former_) {
    if (former.target == target) add(former.config);
  }
  return matches;
}

void ConfigLedger::OnPick(const std::string& target, const std::string& cluster,
                          const std::string& address) {
  const Matches matches = MatchesOf(target);
  // A cluster is shared: what another target was given of it counts as well.
  for (const auto& entry : current_) {
    if (Has(entry.second, cluster, address, matches)) return;
  }
  for (const Former& former : former_) {
    if (Has(former.config, cluster, address, matches)) return;
  }
  violations_->Add(Invariant::kPicks, target, ": picked ", address, " of cluster \"", cluster,
                   "\", which the newest configuration lacks");
}

void ConfigLedger::OnPick(const std::string& target, const std::string& cluster,
                          const cluster::Endpoint& endpoint) {
  OnPick(target, cluster, endpoint.address());
  const Config& config = current_[target];
  if (config == nullptr || !keeps_identity_) return;
  for (const auto& candidate : config->clusters) {
    if (candidate->key.cluster != cluster) continue;
    if (made_anew_.count(Key(*candidate)) > 0) return;
    if (FirstPriority(*candidate).count(endpoint.address()) == 0) return;
    const cluster::Endpoint*& seen = seen_[{Key(*candidate), endpoint.address()}];
    if (seen != nullptr && seen != &endpoint) {
      violations_->Add(Invariant::kIdentity, endpoint.address(), " of cluster ", cluster,
                       " is another object than before, though it was configured all the time");
    }
    seen = &endpoint;
    return;
  }
}

}  // namespace mesh::simulation
