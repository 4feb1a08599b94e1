// Random updates of everything that a cluster is told, connections that come and fail, calls that
// go on meanwhile: what must hold whatever comes after whatever.

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
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

// A cluster, what it was told last, and what its endpoints' calls have come to.
struct Side {
  std::string name;
  std::vector<Server> servers;
  bool broken = false;  // the control plane says that there is an error
  model::Cluster config;
  std::shared_ptr<Cluster> cluster;
  std::map<std::string, int> failures;  // in a row
  std::set<std::string> ejected;
};

class ClusterUpdateRandomTest : public SubsetTest, public ::testing::WithParamInterface<int> {
 protected:
  using Chunk = model::EndpointList::Chunk;
  static constexpr int kThreshold = 3;  // failures in a row that eject
  static constexpr int kAddresses = 10;

  ClusterUpdateRandomTest() : dice_(NewSeededRandom(GetParam() + 1)) {
    forgets_ = OneIn(3);
    named_once_ = OneIn(2);
    checks_ = OneIn(4);
    for (int i = 0; i < kAddresses; ++i) SetOutcomeOf(AddressOf(i));
  }
  ~ClusterUpdateRandomTest() override {
    held_.clear();
    aggregate_.reset();
    sides_.clear();
  }

  uint64_t Below(uint64_t n) { return dice_->Next() % n; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  static std::string AddressOf(uint64_t number) { return absl::StrCat("s", number, ":0"); }

  void SetOutcomeOf(const std::string& address) {
    static constexpr ConnectionState kOutcomes[] = {
        ConnectionState::kReady, ConnectionState::kReady, ConnectionState::kConnecting,
        ConnectionState::kFailing};
    connector_.set_outcome(address, kOutcomes[Below(4)]);
    prober_.set_outcome(address,
                        OneIn(4) ? wire::ProbeOutcome::kNetwork : wire::ProbeOutcome::kSuccess);
  }
  model::MetadataFields SomeFields() {
    model::MetadataFields fields;
    for (const char* key : {"s", "v"}) {
      if (Below(4) > 0) fields.emplace_back(key, absl::StrCat(Below(2)));
    }
    return fields;
  }
  Server SomeServer() {
    using Health = model::HealthStatus;
    static constexpr Health kHealths[] = {Health::kUnknown,   Health::kUnknown,  Health::kHealthy,
                                          Health::kUnhealthy, Health::kDraining, Health::kDegraded};
    Server server;
    server.address = AddressOf(Below(kAddresses));
    server.zone = OneIn(2) ? "x" : "y";
    server.priority = static_cast<uint32_t>(Below(2));
    server.weight = static_cast<uint32_t>(1 + Below(3));
    server.health = kHealths[Below(6)];
    server.fields = SomeFields();
    return server;
  }
  static bool Has(const std::vector<Server>& servers, const std::string& address) {
    return std::any_of(servers.begin(), servers.end(),
                       [&](const Server& server) { return server.address == address; });
  }
  void ChangeServers(std::vector<Server>* servers) {
    const bool is_small = servers->size() < 4;
    if (is_small || (OneIn(3) && servers->size() < 2 * kAddresses)) {
      const Server server = SomeServer();
      if (named_once_ && Has(*servers, server.address)) return;
      servers->push_back(server);
      return;
    }
    Server& server = (*servers)[Below(servers->size())];
    const Server other = SomeServer();
    switch (Below(8)) {
      case 0:
        servers->erase(servers->begin() + Below(servers->size()));
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
        std::swap(server, (*servers)[Below(servers->size())]);
        break;
      case 7:
        if (OneIn(8)) servers->clear();
        break;
    }
  }
  std::shared_ptr<const Selection> SomeSelection() {
    if (OneIn(3)) return nullptr;
    Selection selection;
    selection.fallback = static_cast<Fallback>(Below(3));
    selection.default_subset = SomeFields();
    selection.panic_mode_any = OneIn(2);
    std::vector<std::vector<std::string>> keys = {{"s"}, {"v"}, {"s", "v"}};
    while (selection.selectors.empty()) {
      for (const auto& some : keys) {
        if (OneIn(2)) selection.selectors.push_back({some, std::nullopt, {}});
      }
    }
    if (OneIn(3)) selection.selectors[0].fallback = static_cast<Fallback>(Below(3));
    return std::make_shared<const Selection>(selection);
  }
  model::LoadBalancing SomeBalancing() {
    using model::LbPolicy;
    static constexpr LbPolicy kPolicies[] = {LbPolicy::kRoundRobin, LbPolicy::kLeastRequest,
                                             LbPolicy::kRandom,     LbPolicy::kMaglev,
                                             LbPolicy::kRingHash,   LbPolicy::kPickFirst};
    model::LoadBalancing balancing;
    balancing.policy = kPolicies[Below(forgets_ ? 6 : 5)];
    balancing.maglev.table_size = 251;
    balancing.pick_first.shuffle = OneIn(3);
    if (OneIn(2)) balancing.hash_balance_factor = 120;
    if (OneIn(3)) balancing.slow_start = model::SlowStart{absl::Seconds(20)};
    return balancing;
  }
  model::ConnectionOptions SomeOptions() {
    model::ConnectionOptions options;
    options.connect_timeout = absl::Seconds(1 + Below(2));
    if (OneIn(3)) options.max_concurrent_calls = static_cast<uint32_t>(1 + Below(3));
    if (OneIn(3)) options.max_calls = static_cast<uint32_t>(1 + Below(5));
    if (OneIn(3)) options.max_duration = absl::Seconds(1 + Below(20));
    if (OneIn(2)) options.idle_timeout = absl::Seconds(10);
    return options;
  }
  void ChangeRules(model::Cluster* cluster) {
    switch (Below(6)) {
      case 0:
        cluster->subsets = SomeSelection();
        break;
      case 1:
        cluster->balancing = SomeBalancing();
        break;
      case 2:
      case 3:
        cluster->connections = SomeOptions();
        break;
      case 4:
        cluster->priority_rule =
            OneIn(2) ? model::PriorityRule::kFailover : model::PriorityRule::kSpillOver;
        cluster->locality_weighting = static_cast<model::LocalityWeighting>(Below(3));
        cluster->weigh_endpoints = OneIn(2);
        cluster->hashed_weights = static_cast<model::HashedWeights>(Below(2));
        break;
      case 5:
        if (forgets_) cluster->max_connected_endpoints = static_cast<uint32_t>(Below(4));
        if (checks_) SetChecks(cluster);
        break;
    }
  }
  void SetChecks(model::Cluster* cluster) {
    cluster->health_checks.clear();
    if (OneIn(2)) return;
    model::HealthCheck check;
    check.timeout = absl::Seconds(1);
    check.interval = absl::Seconds(2);
    if (OneIn(2)) check.kind = model::HealthCheck::Tcp{};
    cluster->health_checks = {check};
    cluster->ignore_new_until_checked = OneIn(2);
  }
  // Nobody is readmitted before the test is over.
  static void Eject(model::Cluster* cluster) {
    cluster->panic_threshold = 0;
    cluster->outlier_detection.emplace();
    cluster->outlier_detection->max_ejection_percent = 100;
    cluster->outlier_detection->base_ejection_time = absl::Hours(10);
    cluster->outlier_detection->max_ejection_time = absl::Hours(10);
    cluster->outlier_detection->readmit_on_active_check = false;
    cluster->outlier_detection->success_rate.on = false;
    cluster->outlier_detection->consecutive_5xx.threshold = kThreshold;
  }

  // Chunks that are as they were in one of the last versions are shared, wherever they are now.
  model::EndpointList ListOf(const std::vector<model::EndpointConfig>& endpoints) {
    std::vector<std::shared_ptr<const Chunk>> list;
    for (size_t begin = 0; begin < endpoints.size(); begin += 2) {
      Chunk next;
      next.endpoints.assign(endpoints.begin() + begin,
                            endpoints.begin() + std::min(endpoints.size(), begin + 2));
      const auto same = std::find_if(chunks_.begin(), chunks_.end(), [&](const auto& chunk) {
        return chunk->endpoints == next.endpoints &&
               std::find(list.begin(), list.end(), chunk) == list.end();
      });
      list.push_back(same == chunks_.end() ? std::make_shared<const Chunk>(next) : *same);
      chunks_.push_back(list.back());
    }
    while (chunks_.size() > 40) chunks_.pop_front();
    return model::EndpointList(std::move(list));
  }
  model::ClusterConfig ConfigOf(const Side& side) {
    std::map<std::pair<uint32_t, std::string>, std::vector<model::EndpointConfig>> localities;
    for (const Server& server : side.servers) {
      model::EndpointConfig endpoint = With(server.address, server.fields);
      endpoint.weight = server.weight;
      endpoint.health = server.health;
      localities[{server.priority, server.zone}].push_back(std::move(endpoint));
    }
    localities[{0, "x"}];  // priorities are contiguous
    auto assignment = std::make_shared<model::ClusterLoadAssignment>(*Assignment({}));
    for (const auto& [key, endpoints] : localities) {
      auto locality = std::make_shared<model::LocalityEndpoints>();
      locality->locality.zone = key.second;
      locality->priority = key.first;
      locality->weight = key.second == "x" ? 1 : 2;
      locality->endpoints = ListOf(endpoints);
      assignment->localities.push_back(std::move(locality));
    }
    model::ClusterConfig config;
    config.key = {"", side.name, "eds"};
    if (side.broken) {
      config.status = absl::UnavailableError("broken");
      return config;
    }
    model::Cluster cluster = side.config;
    cluster.name = side.name;
    config.cluster = std::make_shared<const model::Cluster>(cluster);
    config.endpoints = std::move(assignment);
    return config;
  }
  void Update(Side* side) {
    // Sometimes two of them before anything is done about the first.
    const bool twice = OneIn(4);
    const model::ClusterConfig before = ConfigOf(*side);
    if (twice) ChangeRules(&side->config);
    const model::ClusterConfig config = ConfigOf(*side);
    On([&] {
      if (twice) side->cluster = table_->Apply(before, nullptr);
      side->cluster = table_->Apply(config, nullptr);
      side->cluster->Connect();
    });
    for (int i = 0; i < kAddresses; ++i) {
      if (!side->broken && Has(side->servers, AddressOf(i))) continue;
      side->failures.erase(AddressOf(i));
      side->ejected.erase(AddressOf(i));
    }
  }
  // Both are children of one that is.
  void Aggregate() {
    model::Cluster cluster;
    cluster.name = "both";
    cluster.type = model::ClusterType::kAggregate;
    model::ClusterConfig config;
    config.key = {"", "both", ""};
    config.cluster = std::make_shared<const model::Cluster>(cluster);
    for (const Side& side : sides_) {
      config.children.push_back(std::make_shared<const model::ClusterConfig>(ConfigOf(side)));
    }
    On([&] {
      aggregate_ = table_->Apply(config, aggregate_);
      aggregate_->Connect();
    });
  }

  // Whether the configuration lets the endpoint take calls.
  static bool IsUsable(const Side& side, const std::string& address) {
    return std::any_of(side.servers.begin(), side.servers.end(), [&](const Server& server) {
      return server.address == address &&
             (model::IsUsable(server.health) || server.health == model::HealthStatus::kDegraded);
    });
  }
  void Call(Side* side) {
    const model::MetadataMatch match(SomeFields());
    PickRequest request;
    if (!match.fields().empty()) request.metadata = &match;
    if (OneIn(2)) request.hash = dice_->Next();
    request.awaits_answer = OneIn(2);
    PickResult result = Pending{};
    {
      const EpochReader reader(epochs_);
      result = side->cluster->Pick(request, reader);
    }
    auto* const picked = std::get_if<Picked>(&result);
    if (picked == nullptr) return Settle();
    const std::string address = picked->permit.endpoint()->address();
    ASSERT_FALSE(side->broken);
    ASSERT_TRUE(IsUsable(*side, address)) << side->name << ": " << address;
    ASSERT_EQ(side->ejected.count(address), 0u) << side->name << ": " << address;
    if (Below(4) > 0) picked->permit.connection();
    if (OneIn(4)) {
      held_.push_back(std::move(result));
    } else {
      // Most fail at the same ones.
      const bool fails = OneIn(address < AddressOf(3) ? 2 : 30);
      picked->permit.End({fails ? 14 : 0});
      int& failures = side->failures[address];
      failures = fails ? failures + 1 : 0;
      if (failures == kThreshold && !forgets_) side->ejected.insert(address);
    }
    Settle();
  }
  void CallBoth() {
    for (int i = 0; i < 10; ++i) {
      const EpochReader reader(epochs_);
      const PickResult result = aggregate_->Pick({}, reader);
      const auto* const picked = std::get_if<Picked>(&result);
      if (picked == nullptr) continue;
      const std::string& address = picked->permit.endpoint()->address();
      const auto takes = [&](const Side& side) {
        return !side.broken && IsUsable(side, address) && side.ejected.count(address) == 0;
      };
      ASSERT_TRUE(std::any_of(sides_.begin(), sides_.end(), takes)) << address;
    }
  }
  // Says nothing of the endpoint: it may be another one by now.
  void EndSome() {
    for (PickResult& result : held_) {
      if (OneIn(2)) std::get<Picked>(result).permit.End({1});
    }
    held_.erase(
        std::remove_if(held_.begin(), held_.end(),
                       [](const PickResult& result) { return !std::get<Picked>(result).permit; }),
        held_.end());
    Settle();
  }
  void ChangeConnection() {
    static constexpr ConnectionState kStates[] = {
        ConnectionState::kReady, ConnectionState::kReady, ConnectionState::kConnecting,
        ConnectionState::kFailing, ConnectionState::kIdle};
    const std::string address = AddressOf(Below(kAddresses));
    SetOutcomeOf(address);
    bool is_there = false;
    On([&] { is_there = connector_.connection(address) != nullptr; });
    if (is_there) Become(address, kStates[Below(5)]);
  }
  void Look() {
    const model::MetadataMatch match(SomeFields());
    On([&] {
      for (const Side& side : sides_) {
        side.cluster->snapshot();
        side.cluster->SnapshotFor(&match);
      }
    });
  }
  void Step() {
    Side& side = sides_[Below(sides_.size())];
    switch (Below(12)) {
      case 0:
      case 1:
        for (uint64_t i = 1 + Below(3); i > 0; --i) ChangeServers(&side.servers);
        return Update(&side);
      case 2:
        ChangeRules(&side.config);
        return Update(&side);
      case 3:
        side.broken = OneIn(10);
        ChangeRules(&side.config);
        ChangeServers(&side.servers);
        return Update(&side);
      case 4:
      case 5:
        return ChangeConnection();
      case 6:
        return EndSome();
      case 7:
        if (forgets_ && OneIn(8)) return Advance(absl::Minutes(16));  // what lingers goes
        return Advance(OneIn(4) ? absl::Seconds(5) : absl::Milliseconds(Below(60)));
      case 8:
        if (aggregate_ != nullptr) CallBoth();
        return OneIn(4) ? Aggregate() : Look();
      default:
        for (int i = 0; i < 20; ++i) {
          Call(&side);
          if (HasFatalFailure()) return;
        }
    }
  }
  // Plain rules, and new options so that each endpoint gets a connection that is ready.
  void Calm(Side* side, model::LbPolicy policy) {
    model::Cluster plain;
    Eject(&plain);
    plain.connections.connect_timeout = absl::Seconds(77);
    plain.balancing.policy = policy;
    if (OneIn(2)) plain.priority_rule = model::PriorityRule::kFailover;
    side->config = plain;
    side->broken = false;
    for (Server& server : side->servers) {
      server.zone = "x";
      server.priority = 0;
      server.health = model::HealthStatus::kUnknown;
    }
    for (int i = 0; i < kAddresses; ++i) {
      connector_.set_outcome(AddressOf(i), ConnectionState::kReady);
    }
    const model::ClusterConfig config = ConfigOf(*side);
    On([&] { side->cluster = table_->Apply(config, nullptr); });
    Advance(absl::Seconds(1));
  }
  std::map<std::string, int> SharesOf(const Side& side, int n) {
    std::map<std::string, int> shares;
    for (int i = 0; i < n; ++i) {
      const EpochReader reader(epochs_);
      const PickResult result = side.cluster->Pick({}, reader);
      const auto* const picked = std::get_if<Picked>(&result);
      ++shares[picked == nullptr ? "none" : picked->permit.endpoint()->address()];
    }
    return shares;
  }
  // All that are not ejected take calls, by their weights; or one of them takes all, which it may
  // have done since before others came.
  void ExpectShares(const Side& side, model::LbPolicy policy) {
    std::map<std::string, int> expected;
    int sum = 0;
    for (const Server& server : side.servers) {
      if (side.ejected.count(server.address) > 0) continue;
      expected[server.address] += static_cast<int>(server.weight);
      sum += static_cast<int>(server.weight);
    }
    if (sum == 0) expected["none"] = sum = 1;
    const std::map<std::string, int> shares = SharesOf(side, sum);
    if (policy != model::LbPolicy::kPickFirst) {
      EXPECT_EQ(shares, expected) << side.name;
    } else {
      EXPECT_EQ(shares.size(), 1u) << side.name;
      EXPECT_EQ(expected.count(shares.begin()->first), 1u) << side.name;
    }
  }

  const std::unique_ptr<Random> dice_;
  // Rules and times may leave an endpoint without a connection: what is known of it is forgotten.
  bool forgets_ = false;
  bool named_once_ = false;  // no address has two places
  bool checks_ = false;      // endpoints are probed
  std::vector<Side> sides_;
  std::deque<std::shared_ptr<const Chunk>> chunks_;
  std::shared_ptr<Cluster> aggregate_;
  std::vector<PickResult> held_;
};

TEST_P(ClusterUpdateRandomTest, HoldsWhatMustHold) {
  MakeTable(0);
  sides_.resize(2);
  sides_[0].name = "c";
  sides_[1].name = "d";
  for (Side& side : sides_) {
    Eject(&side.config);
    for (int i = 0; i < 12; ++i) ChangeServers(&side.servers);
    Update(&side);
  }
  for (int step = 0; step < 200; ++step) {
    SCOPED_TRACE(::testing::Message() << "step " << step);
    Step();
    if (HasFatalFailure()) return;
  }
  if (GetParam() % 4 == 0) return;  // all ends as it is
  // 1. Whoever is not ejected takes calls.
  for (const model::LbPolicy policy : {model::LbPolicy::kPickFirst, model::LbPolicy::kRoundRobin}) {
    for (Side& side : sides_) {
      Calm(&side, policy);
      if (!forgets_) ExpectShares(side, policy);
    }
  }
  // 2. There are as many connections as there are endpoints, once the calls are over.
  std::set<std::string> addresses;
  for (const Side& side : sides_) {
    for (const Server& server : side.servers) addresses.insert(server.address);
  }
  held_.clear();
  Settle();
  EXPECT_EQ(connector_.live(), static_cast<int>(addresses.size()));
  // 3. None is left of what is not configured.
  for (Side& side : sides_) {
    side.servers.clear();
    Update(&side);
  }
  EXPECT_EQ(connector_.live(), 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ClusterUpdateRandomTest, ::testing::Range(0, 60));

}  // namespace
}  // namespace mesh::cluster
