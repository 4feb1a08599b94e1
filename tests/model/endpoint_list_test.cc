#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/model/endpoints.h"

namespace mesh::model {
namespace {

TEST(EndpointListTest, FullChunksAndARest) {
  for (const size_t size : {size_t{0}, size_t{1}, EndpointList::kChunkSize,
                            EndpointList::kChunkSize + 1, 3 * EndpointList::kChunkSize}) {
    SCOPED_TRACE(size);
    std::vector<EndpointConfig> endpoints;
    for (size_t i = 0; i < size; ++i) endpoints.push_back({std::to_string(i)});
    const EndpointList list = EndpointList::Of(endpoints);
    EXPECT_EQ(list.size(), size);
    EXPECT_EQ(list.empty(), size == 0);
    EXPECT_EQ(list.chunks().size(),
              (size + EndpointList::kChunkSize - 1) / EndpointList::kChunkSize);
    std::vector<EndpointConfig> back;
    list.ForEach([&](const EndpointConfig& endpoint) { back.push_back(endpoint); });
    EXPECT_EQ(back, endpoints);
  }
}

TEST(EndpointListTest, ListsShareChunks) {
  const EndpointList a = EndpointList::Of({{"1"}, {"2"}});
  const EndpointList b({a.chunks()[0], EndpointList::Of({{"3"}}).chunks()[0]});
  EXPECT_EQ(b.size(), 3u);
  EXPECT_EQ(b.chunks()[0], a.chunks()[0]);
}

TEST(LocalityTest, Text) {
  EXPECT_EQ((Locality{"r", "z", "s"}).ToString(), "r/z/s");
  EXPECT_EQ(Locality().ToString(), "//");
}

TEST(ClusterLoadAssignmentTest, CountsEndpoints) {
  ClusterLoadAssignment assignment;
  EXPECT_EQ(assignment.endpoint_count(), 0u);
  for (int i = 0; i < 3; ++i) {
    LocalityEndpoints locality;
    locality.endpoints = EndpointList::Of({{"1"}, {"2"}});
    assignment.localities.push_back(std::make_shared<const LocalityEndpoints>(locality));
  }
  EXPECT_EQ(assignment.endpoint_count(), 6u);
}

TEST(HealthStatusTest, OnlyUnknownAndHealthyTakeCalls) {
  EXPECT_TRUE(IsUsable(HealthStatus::kUnknown));
  EXPECT_TRUE(IsUsable(HealthStatus::kHealthy));
  for (const HealthStatus health : {HealthStatus::kUnhealthy, HealthStatus::kDraining,
                                    HealthStatus::kTimeout, HealthStatus::kDegraded}) {
    EXPECT_FALSE(IsUsable(health));
  }
}

}  // namespace
}  // namespace mesh::model
