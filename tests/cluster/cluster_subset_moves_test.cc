// Localities that move to another priority with the endpoints that they had: versions of a cluster
// share those, one by one, and their subsets keep them.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/cluster/subset_fixture.h"

namespace mesh::cluster {
namespace {

using Addresses = std::vector<std::string>;

class ClusterSubsetMovesTest : public SubsetTest {
 protected:
  // Zones w, y and z at priorities 0, 1 and 1, whose endpoints are all in one subset.
  ClusterSubsetMovesTest() {
    model::SubsetSelection selection;
    selection.selectors = {{{"v"}, std::nullopt, {}}};
    config_ = Config({{"w", {With("a:0", {{"v", "2"}})}, 0},
                      {"y", {With("b:0", {{"v", "2"}})}, 1},
                      {"z", {With("c:0", {{"v", "2"}})}, 1}},
                     WithSubsets(selection));
    Apply(config_);
  }

  // The zones come at other priorities.
  void Move(const std::vector<uint32_t>& priorities) {
    auto next = std::make_shared<model::ClusterLoadAssignment>(*config_.endpoints);
    for (size_t i = 0; i < priorities.size(); ++i) {
      auto moved = std::make_shared<model::LocalityEndpoints>(*next->localities[i]);
      moved->priority = priorities[i];
      next->localities[i] = std::move(moved);
    }
    config_.endpoints = std::move(next);
    Apply(config_);
  }
  // Zone `i` has that endpoint instead of its own.
  void Replace(size_t i, const model::EndpointConfig& endpoint) {
    auto next = std::make_shared<model::ClusterLoadAssignment>(*config_.endpoints);
    auto replaced = std::make_shared<model::LocalityEndpoints>(*next->localities[i]);
    replaced->endpoints = model::EndpointList::Of({endpoint});
    next->localities[i] = std::move(replaced);
    config_.endpoints = std::move(next);
    Apply(config_);
  }
  void SetPanicThreshold(uint32_t percent) {
    auto next = std::make_shared<model::Cluster>(*config_.cluster);
    next->panic_threshold = percent;
    config_.cluster = std::move(next);
    Apply(config_);
  }
  Addresses Takers() { return PicksOf({{"v", "2"}}); }

  model::ClusterConfig config_;
};

TEST_F(ClusterSubsetMovesTest, WhatLeavesAfterAMoveGetsNoCalls) {
  EXPECT_EQ(Takers(), (Addresses{"a:0"}));
  Move({0, 0, 1});
  EXPECT_EQ(Takers(), (Addresses{"a:0", "b:0"}));
  Replace(1, With("d:0", {{"v", "2"}}));
  EXPECT_EQ(Takers(), (Addresses{"a:0", "d:0"}));
  SetPanicThreshold(100);  // looks at all members
  EXPECT_EQ(Takers(), (Addresses{"a:0", "d:0"}));
}

TEST_F(ClusterSubsetMovesTest, PrioritiesAreExchanged) {
  EXPECT_EQ(Takers(), (Addresses{"a:0"}));
  Move({1, 0, 0});
  EXPECT_EQ(Takers(), (Addresses{"b:0", "c:0"}));
  Move({0, 1, 1});
  EXPECT_EQ(Takers(), (Addresses{"a:0"}));
}

// The same endpoints at two priorities at once.
TEST_F(ClusterSubsetMovesTest, OneOfTwoPlacesGoes) {
  const model::ClusterConfig one = config_;
  auto both = std::make_shared<model::ClusterLoadAssignment>(*config_.endpoints);
  auto copy = std::make_shared<model::LocalityEndpoints>(*both->localities[1]);
  copy->priority = 0;
  both->localities.push_back(std::move(copy));
  config_.endpoints = std::move(both);
  Apply(config_);
  EXPECT_EQ(Takers(), (Addresses{"a:0", "b:0"}));
  Apply(one);
  EXPECT_EQ(Takers(), (Addresses{"a:0"}));
  Become("a:0", ConnectionState::kFailing);
  EXPECT_EQ(Takers(), (Addresses{"b:0", "c:0"}));
}

}  // namespace
}  // namespace mesh::cluster
