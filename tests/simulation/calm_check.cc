#include "tests/simulation/calm_check.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "mesh/model/metadata_match.h"

namespace mesh::simulation {

void World::CheckCalm() {
  // Also the clusters that no call has come to yet.
  for (auto& entry : targets_) entry.second.core->Connect();
  RunFor(absl::Seconds(1));
  CalmCheck check(this);
  check.CheckReach();
  caller_->Stop();
  RunFor(absl::Seconds(5));  // past the deadlines of the last calls
  check.CheckState();
  check.CheckLeftovers();
}

void CalmCheck::CheckState() {
  for (const auto& [service, target] : world_.targets_) {
    const auto wanted = world_.model_.services().find(service);
    if (wanted != world_.model_.services().end()) CheckChannel(service, wanted->second);
  }
}

void CalmCheck::CheckChannel(const std::string& service, const MeshModel::Service& wanted) {
  const Snapshot snapshot = world_.SnapshotOf(service);
  if (!wanted.listed) {
    if (snapshot.error.empty()) Differ(service, " has no listener, but no error");
    return;
  }
  if (!world_.model_.IsSpoilt() && !snapshot.error.empty()) {
    Differ(service, ": ", snapshot.error);
  }
  std::map<std::string, uint32_t> weights;
  if (snapshot.routes.size() == 1) {
    for (const auto& share : snapshot.routes[0].clusters) weights[share.cluster] = share.weight;
  }
  std::map<std::string, uint32_t> expected = wanted.weights;
  if (expected.size() == 1) expected.begin()->second = 1;  // one cluster counts whole
  if (weights != expected) {
    Differ(service, ": routes to ", absl::StrJoin(weights, " ", absl::PairFormatter(":")),
           " instead of ", absl::StrJoin(expected, " ", absl::PairFormatter(":")));
    return;
  }
  for (const auto& cluster : snapshot.clusters) CheckCluster(service, cluster.name);
}

Snapshot::Cluster CalmCheck::Taker(const std::string& service, const std::string& cluster) {
  const std::string& version = world_.model_.services().at(service).version;
  if (!version.empty()) {
    const model::MetadataMatch match({{"version", model::JsonString(version)}});
    std::optional<Snapshot::Cluster> taker;
    world_.serializer_.RunAndWait(
        [&] { taker = world_.targets_.at(service).core->SnapshotFor(cluster, match); });
    if (taker.has_value()) return *std::move(taker);
  }
  const Snapshot snapshot = world_.SnapshotOf(service);
  return *std::find_if(snapshot.clusters.begin(), snapshot.clusters.end(),
                       [&](const auto& one) { return one.name == cluster; });
}

void CalmCheck::CheckCluster(const std::string& service, const std::string& name) {
  const Snapshot::Cluster cluster = Taker(service, name);
  const std::string& version = world_.model_.services().at(service).version;
  const std::string label = absl::StrCat(service, ": cluster ", name);
  const auto found = world_.model_.clusters().find(name);
  if (found == world_.model_.clusters().end() || !found->second.named) {
    if (cluster.error.empty()) Differ(label, " is not there, but has no error");
    return;
  }
  const std::set<std::string> serving = world_.model_.Serving(name, version);
  // What an aggregate's children are connected to is theirs to check, where a route names them.
  if (found->second.children.empty()) CheckEndpoints(label, version, cluster);
  if (serving.empty()) {
    // The state of a cluster as a whole is that of its subsets, too.
    const bool is_whole = version.empty() && found->second.subsets != MeshModel::Subsets::kNone;
    if (cluster.state != "failing" && !is_whole) {
      Differ(label, " has no endpoints, but is ", cluster.state);
    }
  } else if (cluster.state != "ready") {
    Differ(label, " is ", cluster.state, ": ", cluster.error);
  }
}

void CalmCheck::CheckEndpoints(const std::string& label, const std::string& version,
                               const Snapshot::Cluster& cluster) {
  const std::string& name = cluster.name;
  const std::set<std::string> serving = world_.model_.Serving(name, version);
  // Where nobody takes the calls, all are told of.
  std::vector<Locality> told = world_.model_.Candidates(name, version);
  if (told.empty()) told = world_.model_.Endpoints(name);
  std::set<std::string> addresses, expected;
  size_t ready = 0;
  for (const auto& locality : cluster.localities) {
    for (const auto& endpoint : locality.endpoints) {
      addresses.insert(absl::StrCat(locality.priority, "/", locality.locality, "/", locality.weight,
                                    "/", endpoint.address));
      if (endpoint.in_flight > 0) {
        world_.violations_.Add(Invariant::kPermits, endpoint.address, " has ", endpoint.in_flight,
                               " in flight, though nothing is");
      }
      if (serving.count(endpoint.address) == 0) continue;
      if (endpoint.state == "ready") {
        ++ready;
      } else if (!world_.has_subsets()) {
        Differ(label, ": endpoint ", endpoint.address, " is ", endpoint.state);
      }
    }
  }
  for (const Locality& locality : told) {
    for (const std::string& address : locality.addresses) {
      expected.insert(absl::StrCat(locality.priority, "//", locality.zone, "//", locality.weight,
                                   "/", address));
    }
  }
  // The same without the empty parts of a locality's name, however they are written.
  const auto plain = [](const std::set<std::string>& from) {
    std::set<std::string> to;
    for (const std::string& entry : from) {
      to.insert(absl::StrJoin(absl::StrSplit(entry, '/', absl::SkipEmpty()), "/"));
    }
    return to;
  };
  if (plain(addresses) != plain(expected)) {
    Differ(label, " has ", absl::StrJoin(addresses, " "), " instead of ",
           absl::StrJoin(expected, " "));
  }
  if (ready < std::min(serving.size(), world_.max_connected_)) {
    Differ(label, " has ", ready, " endpoints ready of ", serving.size());
  }
}

void CalmCheck::CheckReach() {
  for (const auto& [service, target] : world_.targets_) {
    const std::set<std::string> expected = world_.model_.Addresses(service);
    std::set<std::string> reached;
    // Clusters and priorities are drawn by weight; a small share needs some calls.
    for (int round = 0; round < 100 && reached != expected; ++round) {
      const size_t before = world_.caller_->ended().size();
      for (size_t i = 0; i < 2 * expected.size(); ++i) {
        CallSpec spec;
        spec.target = service;
        world_.caller_->Make(std::move(spec));
      }
      world_.RunFor(absl::Milliseconds(400));
      for (size_t i = before; i < world_.caller_->ended().size(); ++i) {
        const CallEnd& end = world_.caller_->ended()[i];
        if (end.spec.target == service && end.code == 0) reached.insert(end.address);
      }
    }
    const bool some =
        std::includes(expected.begin(), expected.end(), reached.begin(), reached.end());
    if (reached != expected && !(world_.has_subsets() && some)) {
      Differ(service, ": calls reach [", absl::StrJoin(reached, " "), "] instead of [",
             absl::StrJoin(expected, " "), "]");
    }
  }
}

std::set<std::string> CalmCheck::ConfiguredAddresses() {
  std::set<std::string> addresses;
  for (const auto& entry : world_.targets_) {
    const ConfigLedger::Config& config = world_.ledger_.current(entry.first);
    if (config == nullptr) continue;
    for (const auto& cluster : AllOf(*config)) {
      if (cluster->endpoints == nullptr) continue;
      for (const auto& locality : cluster->endpoints->localities) {
        locality->endpoints.ForEach(
            [&](const model::EndpointConfig& endpoint) { addresses.insert(endpoint.address); });
      }
    }
  }
  return addresses;
}

// One without a deadline may wait for good for what is not there.
bool CalmCheck::MayWait(const CallSpec& call) const {
  if (!call.wait_for_ready || call.timeout != absl::InfiniteDuration()) return false;
  const MeshModel::Service& service = world_.model_.services().at(call.target);
  if (!service.listed) return true;
  for (const auto& share : service.weights) {
    const auto cluster = world_.model_.clusters().find(share.first);
    if (cluster == world_.model_.clusters().end() || !cluster->second.named) return true;
    if (world_.model_.Serving(share.first, service.version).empty()) return true;
  }
  return false;
}

void CalmCheck::CheckLeftovers() {
  const auto left = [this](const auto&... parts) {
    world_.violations_.Add(Invariant::kGrowth, parts...);
  };
  size_t open = 0;
  for (const CallSpec& call : world_.caller_->OpenCalls()) open += MayWait(call) ? 0 : 1;
  if (world_.network_.total_in_flight() > 0 || open > 0) {
    world_.violations_.Add(Invariant::kOneStatus, open, " calls and ",
                           world_.network_.total_in_flight(), " attempts have no end");
  }
  const size_t clusters = world_.ledger_.Clusters().size();
  if (world_.clusters_->size() != clusters) {
    left(world_.clusters_->size(), " clusters live, of which ", clusters, " are configured");
  }
  const std::set<std::string> configured = ConfiguredAddresses();
  std::map<std::string, int> connections;
  for (const auto& entry : world_.connector_.connections()) {
    ++connections[entry.second->address()];
  }
  for (const auto& [address, count] : connections) {
    if (count > 1) left(count, " connections to ", address);
    if (configured.count(address) == 0) left("a connection to ", address, ", which is not used");
  }
  size_t wanted = 0;
  world_.serializer_.RunAndWait([&] {
    std::set<std::pair<std::string, std::string>> all;
    for (const auto& entry : world_.targets_) {
      const auto of_one = entry.second.resolver->dependencies();
      all.insert(of_one.begin(), of_one.end());
    }
    wanted = all.size();
  });
  const size_t subscriptions = world_.Resources().size();
  if (subscriptions != wanted) {
    left(subscriptions, " resources are subscribed to, of which ", wanted, " are needed");
  }
  const size_t streams = world_.control_plane_.open_streams();
  if (streams > 1) left(streams, " streams are open");
  // A failover and a retention timer for each priority, and what the script still has.
  const size_t timers = world_.executor_.pending_timers();
  if (timers > 4 * clusters + 8) left(timers, " timers with nothing to do");
  size_t retired = 0;
  world_.serializer_.RunAndWait([&] { retired = world_.epochs_->Reclaim(); });
  if (retired > 0) left(retired, " retired values are not destroyed");
}

}  // namespace mesh::simulation
