// Selectors and fallbacks that come, change and go: who takes a call changes at once, from those
// that the old rules say to those that the new ones say.

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "tests/cluster/subset_fixture.h"

namespace mesh::cluster {
namespace {

using Selection = model::SubsetSelection;
using Outcomes = std::set<std::string>;

struct Rules {
  std::string name;
  std::optional<Selection> selection;
  model::LbPolicy policy = model::LbPolicy::kRoundRobin;
};

class ClusterSubsetSwitchesTest : public SubsetTest {
 protected:
  static std::vector<model::EndpointConfig> Four() {
    return {With("1:0", {{"stage", "prod"}, {"v", "1"}}), With("2:0", {{"stage", "prod"}}),
            With("3:0", {{"stage", "canary"}, {"v", "1"}}), With("4:0", {{"v", "2"}})};
  }
  static std::vector<Rules> AllRules() {
    Selection none;
    none.selectors = {{{"stage"}, std::nullopt, {}}, {{"v"}, Fallback::kAnyEndpoint, {}}};
    Selection any = none;
    any.fallback = Fallback::kAnyEndpoint;
    any.selectors[0].fallback = Fallback::kDefaultSubset;
    any.default_subset = {{"stage", "prod"}};
    Selection some = any;
    some.fallback = Fallback::kDefaultSubset;
    Selection empty = some;  // the default subset
    empty.default_subset = {{"stage", "nothing"}};
    Selection panic = empty;
    panic.panic_mode_any = true;
    Selection other = some;
    other.selectors = {{{"v"}, std::nullopt, {}}};
    return {{"no subsets", std::nullopt},
            {"no subsets, maglev", std::nullopt, model::LbPolicy::kMaglev},
            {"no fallback", none},
            {"any", any},
            {"default subset", some},
            {"default subset, maglev", some, model::LbPolicy::kMaglev},
            {"empty default subset", empty},
            {"empty default subset, panic", panic},
            {"other selectors", other}};
  }
  static model::ClusterConfig ConfigOf(const Rules& rules) {
    model::Cluster cluster = rules.selection ? WithSubsets(*rules.selection) : model::Cluster();
    cluster.balancing.policy = rules.policy;
    return Config(Four(), cluster);
  }
  static std::vector<model::MetadataMatch> Matches() {
    std::vector<model::MetadataMatch> matches;
    for (const model::MetadataFields& fields : std::vector<model::MetadataFields>{
             {{"stage", "prod"}}, {{"stage", "test"}}, {{"v", "1"}}, {{"v", "9"}}, {{"x", "1"}}}) {
      matches.emplace_back(fields);
    }
    return matches;
  }
  // What becomes of calls right now.
  Outcomes Now(const model::MetadataMatch* match) {
    Outcomes outcomes;
    for (int i = 0; i < 100; ++i) {
      const std::string text = TextOf(match);
      outcomes.insert(absl::StartsWith(text, "cluster") ? "fails" : text);
    }
    return outcomes;
  }
  // What becomes of them once what they need is connected.
  Outcomes InTheEnd(const model::MetadataMatch* match) {
    for (int i = 0; i < 40 && TextOf(match) == "waits"; ++i) Settle();
    return Now(match);
  }
};

TEST_F(ClusterSubsetSwitchesTest, CallsAreTakenByTheOldRulesOrTheNew) {
  const std::vector<model::MetadataMatch> matches = Matches();
  std::vector<const model::MetadataMatch*> calls = {nullptr};
  for (const model::MetadataMatch& match : matches) calls.push_back(&match);
  for (const Rules& before : AllRules()) {
    for (const Rules& after : AllRules()) {
      if (before.name == after.name) continue;
      Apply(ConfigOf(before));
      std::vector<Outcomes> allowed;
      for (const model::MetadataMatch* call : calls) allowed.push_back(InTheEnd(call));
      std::vector<Outcomes> meanwhile;
      std::vector<Outcomes> then;
      On([&] {
        cluster_ = table_->Apply(ConfigOf(after), cluster_);
        // The turn is still to come.
        for (const model::MetadataMatch* call : calls) meanwhile.push_back(Now(call));
      });
      for (const model::MetadataMatch* call : calls) then.push_back(Now(call));
      for (size_t i = 0; i < calls.size(); ++i) {
        SCOPED_TRACE(before.name + " to " + after.name + ": " +
                     (calls[i] == nullptr ? "nothing" : calls[i]->ToString()));
        Outcomes expected = InTheEnd(calls[i]);
        if (then[i] != Outcomes{"waits"}) {
          EXPECT_EQ(then[i], expected);
        }
        EXPECT_EQ(expected.count("waits"), 0u);
        expected.insert(allowed[i].begin(), allowed[i].end());
        for (const std::string& outcome : meanwhile[i]) {
          EXPECT_EQ(expected.count(outcome), 1u) << outcome;
        }
      }
    }
  }
}

// An aggregate cluster looks at it whenever another member tells it something.
TEST_F(ClusterSubsetSwitchesTest, TheStateIsWhatCallsSeeWhileRulesChange) {
  const std::vector<Rules> all = AllRules();
  const model::ClusterConfig with = ConfigOf(all[2]);
  const model::ClusterConfig without = ConfigOf(all[0]);
  Apply(with);
  EXPECT_EQ(PicksOf({{"v", "2"}}), (std::vector<std::string>{"4:0"}));
  On([&] {
    ASSERT_EQ(cluster_->state(), ConnectionState::kReady);
    table_->Apply(without, nullptr);
    EXPECT_EQ(cluster_->state(), ConnectionState::kReady);
  });
}

}  // namespace
}  // namespace mesh::cluster
