// What a cluster makes of its configuration does not depend on how it came to be so: after each
// step of a random story it shares calls as one does that was made of the same a moment ago. No
// call waits for what is not to come.

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mesh/model/zone_aware.h"
#include "tests/cluster/subset_fixture.h"

namespace mesh::cluster {
namespace {

using Selection = model::SubsetSelection;

// A place of the configuration.
struct Server {
  std::string address;
  std::string zone;
  uint32_t priority;
  uint32_t weight;
  model::HealthStatus health;
  model::MetadataFields fields;
};

class ClusterHistoryRandomTest : public SubsetTest, public ::testing::WithParamInterface<int> {
 protected:
  static constexpr int kAddresses = 14;

  ClusterHistoryRandomTest() : dice_(NewSeededRandom(GetParam() + 1)) {
    for (int i = 0; i < kAddresses; ++i) Outcome(AddressOf(i), ConnectionState::kReady);
    ChangeRules();
  }
  ~ClusterHistoryRandomTest() override { twin_.reset(); }

  uint64_t Below(uint64_t n) { return dice_->Next() % n; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  static std::string AddressOf(uint64_t number) { return absl::StrCat("s", number, ":0"); }
  void Outcome(const std::string& address, ConnectionState state) {
    connector_.set_outcome(address, state);
    outcomes_[address] = state;
  }

  std::string SomeZone() { return std::string(1, "xyz"[Below(3)]); }
  model::MetadataFields SomeFields() {
    model::MetadataFields fields;
    for (const char* key : {"s", "v"}) {
      if (Below(4) > 0) fields.emplace_back(key, absl::StrCat(Below(2)));
    }
    return fields;
  }
  model::HealthStatus SomeHealth() {
    using Health = model::HealthStatus;
    static constexpr Health kHealths[] = {Health::kUnknown, Health::kUnknown,   Health::kHealthy,
                                          Health::kHealthy, Health::kUnhealthy, Health::kDraining,
                                          Health::kDegraded};
    return kHealths[Below(7)];
  }
  Server SomeServer() {
    Server server;
    server.address = AddressOf(Below(kAddresses));
    server.zone = SomeZone();
    server.priority = OneIn(3) ? 1 : 0;
    server.weight = static_cast<uint32_t>(1 + Below(3));
    server.health = SomeHealth();
    server.fields = SomeFields();
    return server;
  }
  bool Has(const std::string& address) {
    return std::any_of(servers_.begin(), servers_.end(),
                       [&](const Server& server) { return server.address == address; });
  }
  void ChangeServers() {
    const Server other = SomeServer();
    if (servers_.size() < 6 || OneIn(3)) {
      if (!Has(other.address)) servers_.push_back(other);
      return;
    }
    Server& server = servers_[Below(servers_.size())];
    switch (Below(7)) {
      case 0:
        servers_.erase(servers_.begin() + Below(servers_.size()));
        break;
      case 1:
        server.fields = other.fields;
        break;
      case 2:
        server.priority = other.priority;
        break;
      case 3:
        server.zone = other.zone;
        break;
      case 4:
        server.weight = other.weight;
        break;
      case 5:
        server.health = other.health;
        break;
      case 6:
        if (OneIn(6)) servers_.clear();
        break;
    }
  }
  void ChangeCallers() {
    if (OneIn(8)) {
      local_ = nullptr;
      return;
    }
    std::vector<TestLocality> zones;
    for (const char* zone : {"x", "y", "z"}) {
      TestLocality locality{zone, Numbered(absl::StrCat("caller-", zone), Below(4))};
      for (model::EndpointConfig& endpoint : locality.endpoints) {
        endpoint.health = SomeHealth();
        endpoint.weight = static_cast<uint32_t>(1 + Below(2));
      }
      zones.push_back(std::move(locality));
    }
    local_ = model::LocalCluster::Of(Assignment(zones).get(), {"", "x", ""});
  }
  std::shared_ptr<const Selection> SomeSelection() {
    if (OneIn(4)) return nullptr;
    Selection selection;
    selection.fallback = static_cast<Fallback>(Below(3));
    selection.default_subset = SomeFields();
    selection.panic_mode_any = OneIn(2);
    selection.scale_locality_weight = OneIn(2);
    std::vector<std::vector<std::string>> keys = {{"s"}, {"v"}, {"s", "v"}};
    while (selection.selectors.empty()) {
      for (const auto& some : keys) {
        if (!OneIn(2)) continue;
        selection.selectors.push_back({some, std::nullopt, {}});
        selection.selectors.back().single_host_per_subset = OneIn(3);
      }
    }
    if (OneIn(3)) selection.selectors[0].fallback = static_cast<Fallback>(Below(3));
    return std::make_shared<const Selection>(selection);
  }
  model::LoadBalancing SomeBalancing() {
    using model::LbPolicy;
    static constexpr LbPolicy kPolicies[] = {LbPolicy::kRoundRobin, LbPolicy::kLeastRequest,
                                             LbPolicy::kRandom,     LbPolicy::kRoundRobin,
                                             LbPolicy::kMaglev,     LbPolicy::kRingHash};
    model::LoadBalancing balancing;
    balancing.policy = kPolicies[Below(6)];
    balancing.maglev.table_size = 251;
    return balancing;
  }
  void ChangeRules() {
    switch (Below(6)) {
      case 0:
        cluster_rules_.subsets = SomeSelection();
        break;
      case 1:
        cluster_rules_.balancing = SomeBalancing();
        break;
      case 2:
        cluster_rules_.zone_aware.reset();
        if (OneIn(4)) break;
        cluster_rules_.zone_aware.emplace();
        cluster_rules_.zone_aware->min_cluster_size = Below(8);
        cluster_rules_.zone_aware->by_weight = OneIn(2);
        if (OneIn(3)) cluster_rules_.zone_aware->routing_enabled = Below(101);
        if (OneIn(3)) cluster_rules_.zone_aware->force_local_zone = Below(4);
        break;
      case 3:
        cluster_rules_.locality_weighting = static_cast<model::LocalityWeighting>(Below(3));
        cluster_rules_.weigh_localities_by_availability = OneIn(2);
        cluster_rules_.weigh_endpoints = OneIn(2);
        break;
      case 4:
        cluster_rules_.panic_threshold = 25 * Below(4);
        cluster_rules_.fail_traffic_on_panic = OneIn(3);
        break;
      case 5:
        weights_ = static_cast<uint32_t>(Below(3));
        break;
    }
  }

  model::ClusterConfig ConfigNow(const std::string& name) {
    std::map<std::pair<uint32_t, std::string>, std::vector<model::EndpointConfig>> localities;
    for (const Server& server : servers_) {
      model::EndpointConfig endpoint = With(server.address, server.fields);
      endpoint.weight = server.weight;
      endpoint.health = server.health;
      // Policies that hash connect none of them, and may know of some or not.
      if (endpoint.health == model::HealthStatus::kDegraded && cluster_rules_.balancing.hashes()) {
        endpoint.health = model::HealthStatus::kHealthy;
      }
      localities[{server.priority, server.zone}].push_back(std::move(endpoint));
    }
    localities[{0, "x"}];  // priorities are contiguous
    std::vector<TestLocality> list;
    for (const auto& [key, endpoints] : localities) {
      list.push_back({key.second, endpoints, key.first, key.second == "x" ? 1 : weights_});
    }
    model::ClusterConfig config = Config(list, cluster_rules_);
    config.key.cluster = name;
    // What is as it was is the same object, as a resolver has it.
    if (name == "c") {
      if (std::exchange(rules_changed_, false)) cluster_now_ = config.cluster;
      config.cluster = cluster_now_;
    }
    config.local = local_;
    return config;
  }

  // Of calls that name `match`: what becomes of them, and who gets which part.
  std::string Describe(Cluster* cluster, const model::MetadataMatch* match) {
    PickRequest request;
    request.metadata = match;
    request.hash = 12345;
    const auto pick = [&] {
      const EpochReader reader(epochs_);
      return cluster->Pick(request, reader);
    };
    for (int i = 0; i < 10 && std::holds_alternative<Pending>(pick()); ++i) Settle();
    const PickResult result = pick();
    if (std::holds_alternative<Pending>(result)) return "waits";
    if (std::holds_alternative<Failed>(result)) return "fails";
    Snapshot::Cluster snapshot;
    On([&] { snapshot = cluster->SnapshotFor(match); });
    std::string text = absl::StrCat("zones ", snapshot.zone_routing);
    for (const Snapshot::Priority& priority : snapshot.priorities) {
      absl::StrAppend(&text, "\n  priority ", priority.priority, ": load ", priority.load,
                      priority.panic ? ", panics" : "");
    }
    for (const Snapshot::LocalityEndpoints& locality : snapshot.localities) {
      if (locality.share.part == 0) continue;
      absl::StrAppend(&text, "\n  ", locality.locality, " ", locality.priority, " ",
                      locality.share.part, "/", locality.share.of, ":");
      for (const Snapshot::Endpoint& endpoint : locality.endpoints) {
        if (endpoint.share.part == 0) continue;
        absl::StrAppend(&text, " ", endpoint.address, " ", endpoint.share.part, "/",
                        endpoint.share.of);
      }
    }
    return text;
  }
  void Compare() {
    const model::ClusterConfig config = ConfigNow(absl::StrCat("twin", ++twins_));
    On([&] {
      twin_ = table_->Apply(config, nullptr);
      twin_->Connect();
    });
    std::vector<std::unique_ptr<model::MetadataMatch>> matches;
    matches.push_back(nullptr);
    for (const char* s : {"", "0", "1"}) {
      for (const char* v : {"", "0", "1"}) {
        model::MetadataFields fields;
        if (*s != 0) fields.emplace_back("s", s);
        if (*v != 0) fields.emplace_back("v", v);
        if (fields.empty()) continue;
        matches.push_back(std::make_unique<model::MetadataMatch>(std::move(fields)));
      }
    }
    for (const auto& match : matches) {
      if (match != nullptr && OneIn(4)) continue;  // not all are asked for from the beginning
      const std::string here = Describe(cluster_.get(), match.get());
      const std::string there = Describe(twin_.get(), match.get());
      const std::string which = match == nullptr ? "no metadata" : match->ToString();
      ASSERT_EQ(here, there) << which << "; " << Text();
      ASSERT_NE(here, "waits") << which << "; " << Text();
    }
    On([&] { twin_.reset(); });
  }

  std::string Text() {
    std::string text = absl::StrCat(
        "policy ", static_cast<int>(cluster_rules_.balancing.policy), ", panic threshold ",
        cluster_rules_.panic_threshold,
        cluster_rules_.fail_traffic_on_panic ? ", fails on panic" : "",
        cluster_rules_.subsets == nullptr ? "" : ", subsets", ", weighting ",
        static_cast<int>(cluster_rules_.locality_weighting), ", weight of others ", weights_);
    for (const Server& server : servers_) {
      std::string state;
      On([&] { state = std::string(wire::ToString(connector_.StateOf(server.address))); });
      absl::StrAppend(&text, "\n  ", server.address, " ", server.zone, " ", server.priority, " ",
                      static_cast<int>(server.health), " weight ", server.weight, " ",
                      model::ToString(server.fields), " ", state);
    }
    return text;
  }

  void Step() {
    const uint64_t steps = 1 + Below(3);
    for (uint64_t i = 0; i < steps; ++i) {
      switch (Below(8)) {
        case 0:
        case 1:
        case 2:
          ChangeServers();
          break;
        case 3:
        case 4:
          ChangeCallers();
          break;
        case 5:
          ChangeRules();
          rules_changed_ = true;
          break;
        default: {
          const std::string address = AddressOf(Below(kAddresses));
          const auto state = OneIn(3) ? ConnectionState::kFailing : ConnectionState::kReady;
          Outcome(address, state);
          bool is_there = false;
          On([&] { is_there = connector_.connection(address) != nullptr; });
          if (is_there) Become(address, state);
          break;
        }
      }
    }
    Apply(ConfigNow("c"));
    Connect();
  }

  const std::unique_ptr<Random> dice_;
  std::vector<Server> servers_;
  std::map<std::string, ConnectionState> outcomes_;
  model::Cluster cluster_rules_;
  uint32_t weights_ = 2;  // of localities but x, which has 1
  std::shared_ptr<const model::LocalCluster> local_;
  bool rules_changed_ = true;
  std::shared_ptr<const model::Cluster> cluster_now_;
  std::shared_ptr<Cluster> twin_;
  int twins_ = 0;
};

TEST_P(ClusterHistoryRandomTest, ItIsAsIfItHadJustBeenMade) {
  for (int i = 0; i < 8; ++i) servers_.push_back(SomeServer());
  ChangeCallers();
  for (int step = 0; step < 120; ++step) {
    SCOPED_TRACE(absl::StrCat("step ", step));
    Step();
    Compare();
    if (HasFatalFailure()) return;
  }
}

// The same where not all endpoints are connected, and which are is a matter of the past.
class ClusterReachRandomTest : public ClusterHistoryRandomTest {
 protected:
  void ChangeReach() {
    cluster_rules_.max_connected_endpoints = static_cast<uint32_t>(Below(4));
    cluster_rules_.circuit_breakers.normal.max_connections =
        OneIn(3) ? 1024 : static_cast<uint32_t>(Below(4));
    cluster_rules_.priority_rule =
        OneIn(3) ? model::PriorityRule::kFailover : model::PriorityRule::kSpillOver;
    if (OneIn(3)) cluster_rules_.balancing.policy = model::LbPolicy::kPickFirst;
    cluster_rules_.balancing.pick_first.shuffle = OneIn(2);
    rules_changed_ = true;
  }
  // Whether calls that name nothing have somewhere to go.
  bool HasReachable() {
    const Selection* const subsets = cluster_rules_.subsets.get();
    if (cluster_rules_.fail_traffic_on_panic) return false;
    if (subsets != nullptr && subsets->fallback != Fallback::kAnyEndpoint) return false;
    const bool only_x =
        weights_ == 0 && cluster_rules_.locality_weighting != model::LocalityWeighting::kIgnored;
    return std::any_of(servers_.begin(), servers_.end(), [&](const Server& server) {
      return model::IsUsable(server.health) && (!only_x || server.zone == "x") &&
             outcomes_.at(server.address) == ConnectionState::kReady;
    });
  }
  std::string OutcomeOfCall(const model::MetadataMatch* match) {
    PickRequest request;
    request.metadata = match;
    request.hash = Below(1000);
    for (int i = 0;; ++i) {
      bool waits, fails;
      {
        const EpochReader reader(epochs_);
        const PickResult result = cluster_->Pick(request, reader);
        waits = std::holds_alternative<Pending>(result);
        fails = std::holds_alternative<Failed>(result);
      }
      if (!waits) return fails ? "fails" : "goes";
      if (i == 60) return "waits";
      Advance(absl::Milliseconds(260));
    }
  }
  void Look() {
    for (const char* s : {"", "0", "1"}) {
      model::MetadataFields fields;
      if (*s != 0) fields.emplace_back("s", s);
      const model::MetadataMatch match(std::move(fields));
      const std::string outcome = OutcomeOfCall(*s == 0 ? nullptr : &match);
      ASSERT_NE(outcome, "waits") << match.ToString() << "; " << Text();
      if (*s == 0 && HasReachable()) {
        ASSERT_EQ(outcome, "goes") << Text();
      }
    }
  }
};

TEST_P(ClusterReachRandomTest, CallsGoWhereTheyCan) {
  for (int i = 0; i < 8; ++i) servers_.push_back(SomeServer());
  for (int step = 0; step < 150; ++step) {
    SCOPED_TRACE(absl::StrCat("step ", step));
    if (OneIn(5)) ChangeReach();
    Step();
    Look();
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Stories, ClusterReachRandomTest, ::testing::Range(0, 24));
INSTANTIATE_TEST_SUITE_P(Stories, ClusterHistoryRandomTest, ::testing::Range(0, 12));

}  // namespace
}  // namespace mesh::cluster
