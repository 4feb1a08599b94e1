// Subsets against a twin that looks at every endpoint: random metadata, selectors, calls and
// updates.

#include <algorithm>
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

using Fields = std::map<std::string, std::string>;
using Selection = model::SubsetSelection;
const char* const kKeys[] = {"a", "b", "c"};

struct Server {
  std::string address;
  uint32_t priority;
  Fields fields;
};

// What Envoy's documentation says, word for word.
class Twin {
 public:
  Twin(const Selection& selection, const std::vector<Server>& servers)
      : selection_(selection), servers_(servers) {}

  // Of the first priority that has any; empty: the call fails.
  std::vector<std::string> TakersOf(const Fields& match) const {
    std::set<std::string> takers;
    for (uint32_t priority = 0; priority < 2 && takers.empty(); ++priority) {
      for (const Server* server : Find(match)) {
        if (server->priority == priority) takers.insert(server->address);
      }
    }
    return std::vector<std::string>(takers.begin(), takers.end());
  }

 private:
  using Servers = std::vector<const Server*>;

  bool Has(const Server& server, const std::string& key, const std::string& value) const {
    const auto found = server.fields.find(key);
    if (found == server.fields.end()) return false;
    if (found->second == value) return true;
    if (!selection_.list_as_any || found->second[0] != '[') return false;
    // Elements are of one letter here.
    return found->second.find(value) != std::string::npos;
  }
  // With `list_as_any` a list is never a value by itself.
  bool IsInSubset(const Server& server, const Fields& match) const {
    return std::all_of(match.begin(), match.end(), [&](const auto& field) {
      const bool is_list = field.second[0] == '[';
      return !(is_list && selection_.list_as_any) && Has(server, field.first, field.second);
    });
  }
  Servers All() const {
    Servers all;
    for (const Server& server : servers_) all.push_back(&server);
    return all;
  }
  Servers Default() const {
    Servers result;
    for (const Server& server : servers_) {
      const auto& wanted = selection_.default_subset;
      if (std::all_of(wanted.begin(), wanted.end(),
                      [&](const auto& f) { return Has(server, f.first, f.second); })) {
        result.push_back(&server);
      }
    }
    return result;
  }
  Servers Fallback() const {
    Servers result;
    if (selection_.fallback == Selection::Fallback::kNone) return result;
    result = selection_.fallback == Selection::Fallback::kAnyEndpoint ? All() : Default();
    return result.empty() && selection_.panic_mode_any ? All() : result;
  }
  Servers Find(Fields match) const {
    if (selection_.allow_redundant_keys) match = WithoutRedundant(match);
    for (const Selection::Selector& selector : selection_.selectors) {
      std::vector<std::string> keys;
      for (const auto& field : match) keys.push_back(field.first);
      if (selector.keys != keys) continue;
      Servers subset;
      for (const Server& server : servers_) {
        if (IsInSubset(server, match)) subset.push_back(&server);
      }
      if (!subset.empty()) return subset;
      if (!selector.fallback.has_value()) return Fallback();
      switch (*selector.fallback) {
        case Selection::Fallback::kNone:
          return {};
        case Selection::Fallback::kAnyEndpoint:
          return All();
        case Selection::Fallback::kDefaultSubset:
          return Default();
        case Selection::Fallback::kFewerKeys:
          return Find(Some(match, selector.fallback_keys));
      }
    }
    return Fallback();
  }
  static Fields Some(const Fields& match, const std::vector<std::string>& keys) {
    Fields some;
    for (const std::string& key : keys) {
      if (match.count(key) > 0) some[key] = match.at(key);
    }
    return some;
  }
  Fields WithoutRedundant(const Fields& match) const {
    for (const Selection::Selector& selector : selection_.selectors) {
      Fields some = Some(match, selector.keys);
      if (some.size() == selector.keys.size()) return some;
    }
    return match;
  }

  const Selection& selection_;
  const std::vector<Server>& servers_;
};

class ClusterSubsetRandomTest : public SubsetTest, public ::testing::WithParamInterface<int> {
 protected:
  using Chunk = model::EndpointList::Chunk;
  using Chunks = std::vector<std::shared_ptr<const Chunk>>;

  ClusterSubsetRandomTest() : dice_(NewSeededRandom(GetParam() + 1)) {}

  uint64_t Below(uint64_t n) { return dice_->Next() % n; }
  bool Chance() { return Below(2) == 0; }

  std::string Value() {
    static const char* const kValues[] = {"1", "2", "3", "[1,2]", "[3]", "[]", "[2,2]"};
    return kValues[Below(7)];
  }
  Fields SomeFields() {
    Fields fields;
    for (const char* key : kKeys) {
      if (Below(3) > 0) fields[key] = Value();
    }
    return fields;
  }
  std::vector<std::string> SomeKeys() {
    std::vector<std::string> keys;
    while (keys.empty()) {
      for (const char* key : kKeys) {
        if (Chance()) keys.push_back(key);
      }
    }
    return keys;
  }
  Selection RandomSelection() {
    Selection selection;
    selection.fallback = static_cast<Fallback>(Below(3));
    for (const auto& [key, value] : SomeFields()) {
      if (Chance()) selection.default_subset.emplace_back(key, value);
    }
    selection.list_as_any = Chance();
    selection.panic_mode_any = Chance();
    selection.allow_redundant_keys = Below(3) == 0;
    for (uint64_t i = 1 + Below(4); i > 0; --i) {
      Selection::Selector selector;
      selector.keys = SomeKeys();
      const bool is_known = std::any_of(selection.selectors.begin(), selection.selectors.end(),
                                        [&](const auto& s) { return s.keys == selector.keys; });
      if (is_known) continue;
      const uint64_t fallback = Below(5);
      if (fallback < 4) selector.fallback = static_cast<Fallback>(fallback);
      if (selector.fallback == Fallback::kFewerKeys) {
        selector.fallback_keys.assign(selector.keys.begin() + 1, selector.keys.end());
        if (selector.fallback_keys.empty()) selector.fallback = std::nullopt;
      }
      selection.selectors.push_back(std::move(selector));
    }
    return selection;
  }
  static bool IsIn(const std::string& zone, const Server& server) {
    return (server.address[1] % 2 == 0) == (zone == "x");
  }
  // Whether there is one of that address at that priority.
  static bool Has(const std::vector<Server>& servers, const Server& wanted, uint32_t priority) {
    return std::any_of(servers.begin(), servers.end(), [&](const Server& server) {
      return server.address == wanted.address && server.priority == priority;
    });
  }
  model::LoadBalancing RandomBalancing() {
    using model::LbPolicy;
    static constexpr LbPolicy kPolicies[] = {LbPolicy::kRoundRobin, LbPolicy::kRoundRobin,
                                             LbPolicy::kMaglev, LbPolicy::kPickFirst};
    model::LoadBalancing balancing;
    balancing.policy = kPolicies[Below(4)];
    balancing.maglev.table_size = 251;
    return balancing;
  }
  void Change(std::vector<Server>* servers) {
    switch (servers->empty() ? 0 : Below(6)) {
      case 0:
        servers->push_back(
            {absl::StrCat("s", next_++, ":0"), static_cast<uint32_t>(Below(2)), SomeFields()});
        break;
      case 1:
        servers->erase(servers->begin() + Below(servers->size()));
        break;
      case 2:
        (*servers)[Below(servers->size())].fields = SomeFields();
        break;
      case 3: {
        Server& server = (*servers)[Below(servers->size())];
        if (!Has(*servers, server, server.priority ^ 1)) server.priority ^= 1;
        break;
      }
      case 4: {  // it is at both priorities
        Server server = (*servers)[Below(servers->size())];
        server.priority ^= 1;
        if (!Has(*servers, server, server.priority)) servers->push_back(server);
        break;
      }
      case 5: {  // the localities of a zone exchange their priorities
        const std::string zone = Chance() ? "x" : "y";
        for (Server& server : *servers) {
          if (IsIn(zone, server)) server.priority ^= 1;
        }
        break;
      }
    }
  }
  // Chunks that are as they were in the last version are shared, wherever they are now.
  model::EndpointList ListOf(const std::vector<model::EndpointConfig>& endpoints, Chunks* chunks) {
    std::vector<std::shared_ptr<const Chunk>> list;
    for (size_t begin = 0; begin < endpoints.size(); begin += 2) {
      Chunk next;
      next.endpoints.assign(endpoints.begin() + begin,
                            endpoints.begin() + std::min(endpoints.size(), begin + 2));
      const auto same = std::find_if(chunks_.begin(), chunks_.end(), [&](const auto& chunk) {
        return chunk->endpoints == next.endpoints;
      });
      list.push_back(same == chunks_.end() ? std::make_shared<const Chunk>(next) : *same);
      chunks->push_back(list.back());
    }
    return model::EndpointList(std::move(list));
  }
  model::ClusterConfig ConfigOf(const std::vector<Server>& servers, const model::Cluster& cluster) {
    auto assignment = std::make_shared<model::ClusterLoadAssignment>(*Assignment({}));
    Chunks chunks;
    for (uint32_t priority = 0; priority < 2; ++priority) {
      for (const char* zone : {"x", "y"}) {
        std::vector<model::EndpointConfig> endpoints;
        for (const Server& server : servers) {
          if (server.priority != priority || !IsIn(zone, server)) continue;
          endpoints.push_back(With(server.address, {server.fields.begin(), server.fields.end()}));
        }
        auto locality = std::make_shared<model::LocalityEndpoints>();
        locality->locality.zone = zone;
        locality->priority = priority;
        locality->weight = 1;
        locality->endpoints = ListOf(endpoints, &chunks);
        assignment->localities.push_back(std::move(locality));
      }
    }
    chunks_ = std::move(chunks);
    model::ClusterConfig config = Config(std::vector<TestLocality>(), cluster);
    config.endpoints = std::move(assignment);
    return config;
  }

  const std::unique_ptr<Random> dice_;
  int next_ = 0;
  Chunks chunks_;  // of the last version
};

TEST_P(ClusterSubsetRandomTest, AsTheTwin) {
  Selection selection = RandomSelection();
  model::Cluster cluster = WithSubsets(selection);
  cluster.balancing = RandomBalancing();
  std::vector<Server> servers;
  for (int i = 0; i < 8; ++i) Change(&servers);
  model::ClusterConfig config = ConfigOf(servers, cluster);
  Apply(config);
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; i < 6; ++i) {
      const Fields match = SomeFields();
      const std::vector<std::string> expected = Twin(selection, servers).TakersOf(match);
      const model::MetadataMatch named({match.begin(), match.end()});
      std::vector<std::string> takers = PicksOfMatch(match.empty() ? nullptr : &named);
      if (takers.size() == 1 && takers[0].substr(0, 7) == "cluster") takers.clear();
      if (cluster.balancing.policy == model::LbPolicy::kPickFirst && expected.size() > 1) {
        ASSERT_EQ(takers.size(), 1u) << "round " << round << ": " << named.ToString();
        ASSERT_TRUE(std::binary_search(expected.begin(), expected.end(), takers[0])) << takers[0];
        continue;
      }
      ASSERT_EQ(takers, expected) << "round " << round << ": " << named.ToString();
    }
    for (uint64_t i = 1 + Below(4); i > 0; --i) Change(&servers);
    const bool is_selection_new = Below(6) == 0;
    const bool is_balancing_new = Below(6) == 0;
    if (is_selection_new) {
      selection = RandomSelection();
      cluster.subsets = std::make_shared<const Selection>(selection);
    }
    if (is_balancing_new) cluster.balancing = RandomBalancing();
    const auto settled = config.cluster;
    config = ConfigOf(servers, cluster);
    if (!is_selection_new && !is_balancing_new) config.cluster = settled;
    Apply(config);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ClusterSubsetRandomTest, ::testing::Range(0, 150));

}  // namespace
}  // namespace mesh::cluster
