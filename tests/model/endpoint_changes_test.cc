// How one version of a list of endpoints became another.

#include "mesh/model/endpoint_changes.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mesh::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<EndpointConfig> Endpoints(const std::vector<std::string>& addresses) {
  std::vector<EndpointConfig> endpoints;
  for (const std::string& address : addresses) endpoints.push_back({address});
  return endpoints;
}
EndpointList::Chunk Chunk(const std::vector<std::string>& addresses) {
  return {Endpoints(addresses), false};
}
std::vector<std::string> Addresses(const std::vector<const EndpointConfig*>& configs) {
  std::vector<std::string> addresses;
  for (const EndpointConfig* config : configs) addresses.push_back(config->address);
  return addresses;
}

TEST(EndpointChangesTest, AddressesTellWhatStays) {
  std::vector<EndpointConfig> later = Endpoints({"d", "b", "a"});
  later[1].weight = 7;
  const EndpointList before = EndpointList::Of(Endpoints({"a", "b", "c"}));
  const EndpointList after = EndpointList::Of(later);
  const EndpointChanges changes = ChangesBetween(before, after);
  EXPECT_THAT(Addresses(changes.removed), ElementsAre("c"));
  EXPECT_THAT(Addresses(changes.added), ElementsAre("d"));
  ASSERT_EQ(changes.kept.size(), 2u);
  EXPECT_EQ(changes.kept[0].first->address, "b");
  EXPECT_EQ(changes.kept[0].first->weight, 1u);
  EXPECT_EQ(changes.kept[0].second->weight, 7u);
}

TEST(EndpointChangesTest, SharedChunksAreNotLookedAt) {
  const auto same = std::make_shared<const EndpointList::Chunk>(Chunk({"a", "b"}));
  const auto old = std::make_shared<const EndpointList::Chunk>(Chunk({"c", "d"}));
  const auto now = std::make_shared<const EndpointList::Chunk>(Chunk({"d", "e"}));
  const EndpointChanges changes =
      ChangesBetween(EndpointList({same, old}), EndpointList({now, same}));
  EXPECT_THAT(Addresses(changes.removed), ElementsAre("c"));
  EXPECT_THAT(Addresses(changes.added), ElementsAre("e"));
  EXPECT_THAT(changes.kept, ElementsAre(Pair(&old->endpoints[1], &now->endpoints[0])));
}

TEST(EndpointChangesTest, AnAddressThatIsThereSeveralTimes) {
  const EndpointList two = EndpointList::Of(Endpoints({"a", "a"}));
  const EndpointList three = EndpointList::Of(Endpoints({"a", "a", "a"}));
  EXPECT_EQ(ChangesBetween(two, three).kept.size(), 2u);
  EXPECT_THAT(Addresses(ChangesBetween(two, three).added), ElementsAre("a"));
  EXPECT_THAT(Addresses(ChangesBetween(three, two).removed), ElementsAre("a"));
  EXPECT_THAT(ChangesBetween(three, EndpointList()).kept, IsEmpty());
  EXPECT_EQ(ChangesBetween(three, EndpointList()).removed.size(), 3u);
}

}  // namespace
}  // namespace mesh::model
