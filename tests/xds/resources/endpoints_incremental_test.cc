// A new version of a cluster's endpoints that is decoded against the old one: the value is the one
// that decoding from nothing gives, and what did not change is shared.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"
#include "mesh/model/endpoints.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

constexpr char kTypedMetadata[] = "endpoints.lb_endpoints.metadata.typed_filter_metadata";

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Chunk = model::EndpointList::Chunk;

struct Endpoint {
  uint32_t id = 0;
  uint32_t weight = 1;
  bool metadata = false;
};

struct Locality {
  std::string region;
  uint32_t weight = 1;
  std::vector<Endpoint> endpoints;
};

using Cluster = std::vector<Locality>;

std::string AddressOf(uint32_t id) {
  return absl::StrCat("10.", id >> 16, ".", (id >> 8) & 255, ".", id & 255);
}

std::string Bytes(const Cluster& cluster) {
  proto::ClusterLoadAssignment message;
  message.set_cluster_name("echo");
  for (const Locality& locality : cluster) {
    proto::LocalityLbEndpoints* to = message.add_endpoints();
    to->mutable_locality()->set_region(locality.region);
    to->mutable_load_balancing_weight()->set_value(locality.weight);
    for (const Endpoint& endpoint : locality.endpoints) {
      proto::LbEndpoint* lb = to->add_lb_endpoints();
      proto::SocketAddress* address =
          lb->mutable_endpoint()->mutable_address()->mutable_socket_address();
      address->set_address(AddressOf(endpoint.id));
      address->set_port_value(8080);
      lb->mutable_load_balancing_weight()->set_value(endpoint.weight);
      if (endpoint.metadata) {
        proto::Metadata* metadata = lb->mutable_metadata();
        metadata->GetReflection()->MutableUnknownFields(metadata)->AddLengthDelimited(2)->assign(
            "x");
        // What the decoder keeps of it, too.
        lb->mutable_endpoint()->mutable_health_check_config()->set_port_value(1 + endpoint.id % 3);
      }
    }
  }
  return message.SerializeAsString();
}

std::vector<model::EndpointConfig> Flat(const model::EndpointList& list) {
  std::vector<model::EndpointConfig> flat;
  list.ForEach([&](const model::EndpointConfig& endpoint) { flat.push_back(endpoint); });
  return flat;
}

// Every chunk of a value, by its identity.
std::set<const Chunk*> ChunksOf(const model::ClusterLoadAssignment& value) {
  std::set<const Chunk*> chunks;
  for (const auto& locality : value.localities) {
    for (const auto& chunk : locality->endpoints.chunks()) chunks.insert(chunk.get());
  }
  return chunks;
}

// Decodes versions of one resource, each against the one before.
class EndpointsIncrementalTest : public ::testing::Test {
 protected:
  std::shared_ptr<const model::ClusterLoadAssignment> Update(const Cluster& cluster) {
    const std::string bytes = Bytes(cluster);
    DecodeResult result = DecodeBytes(*types_.cluster_load_assignment, bytes, resource_);
    EXPECT_TRUE(result.error.ok()) << result.error;
    if (!result.error.ok()) return nullptr;
    resource_ = result.resource;
    const auto value = ModelOf<model::ClusterLoadAssignment>(resource_);
    const auto whole = ModelOf<model::ClusterLoadAssignment>(
        DecodeBytes(*types_.cluster_load_assignment, bytes).resource);
    ExpectSame(*value, *whole);
    return value;
  }

  // The number of chunks of the new value that the old one does not have.
  size_t NewChunks(const Cluster& cluster) {
    const std::shared_ptr<const Resource> keep = resource_;
    const std::set<const Chunk*> old = ChunksOf(*ModelOf<model::ClusterLoadAssignment>(resource_));
    size_t count = 0;
    for (const Chunk* chunk : ChunksOf(*Update(cluster))) count += old.count(chunk) == 0 ? 1 : 0;
    return count;
  }

  static void ExpectSame(const model::ClusterLoadAssignment& a,
                         const model::ClusterLoadAssignment& b) {
    EXPECT_EQ(a.cluster_name, b.cluster_name);
    EXPECT_EQ(a.ignored, b.ignored);
    ASSERT_EQ(a.localities.size(), b.localities.size());
    for (size_t i = 0; i < a.localities.size(); ++i) {
      EXPECT_EQ(a.localities[i]->locality, b.localities[i]->locality);
      EXPECT_EQ(a.localities[i]->weight, b.localities[i]->weight);
      EXPECT_EQ(a.localities[i]->endpoints.size(), b.localities[i]->endpoints.size());
      ASSERT_EQ(Flat(a.localities[i]->endpoints), Flat(b.localities[i]->endpoints));
    }
  }

  static Locality Large(const std::string& region, uint32_t first, uint32_t count) {
    Locality locality{region, 1, {}};
    for (uint32_t i = 0; i < count; ++i) locality.endpoints.push_back({first + i, 1, false});
    return locality;
  }

  const ResourceTypes types_ = NewResourceTypes(Profile::kMesh);
  std::shared_ptr<const Resource> resource_;
};

TEST_F(EndpointsIncrementalTest, NothingChanged) {
  const Cluster cluster = {Large("a", 0, 1000), Large("b", 5000, 3)};
  Update(cluster);
  const std::shared_ptr<const Resource> before = resource_;
  Update(cluster);
  EXPECT_EQ(resource_, before);
}

TEST_F(EndpointsIncrementalTest, OneReplacedInsertedOrRemoved) {
  for (const size_t at : {0u, 1u, 700u, 1998u, 1999u}) {
    SCOPED_TRACE(at);
    Cluster cluster = {Large("a", 0, 2000)};
    resource_ = nullptr;
    Update(cluster);
    std::vector<Endpoint>& endpoints = cluster[0].endpoints;
    endpoints[at].weight = 9;
    EXPECT_LE(NewChunks(cluster), 1u);
    endpoints.insert(endpoints.begin() + at, Endpoint{100000, 1, false});
    EXPECT_LE(NewChunks(cluster), 2u);
    endpoints.erase(endpoints.begin() + at);
    EXPECT_LE(NewChunks(cluster), 2u);
  }
}

TEST_F(EndpointsIncrementalTest, ManyInsertedInTheMiddle) {
  Cluster cluster = {Large("a", 0, 5000)};
  Update(cluster);
  const Locality more = Large("x", 100000, 3000);
  std::vector<Endpoint>& endpoints = cluster[0].endpoints;
  endpoints.insert(endpoints.begin() + 2500, more.endpoints.begin(), more.endpoints.end());
  const size_t chunks_of_3000 = 3000 / (model::EndpointList::kChunkSize / 2) + 3;
  EXPECT_LE(NewChunks(cluster), chunks_of_3000);
  endpoints.erase(endpoints.begin() + 2500, endpoints.begin() + 5500);
  EXPECT_LE(NewChunks(cluster), 3u);
}

TEST_F(EndpointsIncrementalTest, LocalitiesThatMoveAreShared) {
  const Cluster cluster = {Large("a", 0, 500), Large("b", 1000, 500), Large("c", 2000, 500)};
  const auto before = Update(cluster);
  EXPECT_EQ(NewChunks({cluster[2], cluster[0]}), 0u);
  const auto after = ModelOf<model::ClusterLoadAssignment>(resource_);
  EXPECT_EQ(after->localities[0], before->localities[2]);
  EXPECT_EQ(after->localities[1], before->localities[0]);
}

TEST_F(EndpointsIncrementalTest, AWeightOfALocalityLeavesItsEndpointsShared) {
  Cluster cluster = {Large("a", 0, 500), Large("b", 1000, 500)};
  const auto before = Update(cluster);
  cluster[1].weight = 5;
  EXPECT_EQ(NewChunks(cluster), 0u);
  const auto after = ModelOf<model::ClusterLoadAssignment>(resource_);
  EXPECT_EQ(after->localities[0], before->localities[0]);
  EXPECT_NE(after->localities[1], before->localities[1]);
  EXPECT_EQ(after->localities[1]->weight, 5u);
}

TEST_F(EndpointsIncrementalTest, WhatIsIgnoredIsRemembered) {
  Cluster cluster = {Large("a", 0, 600)};
  EXPECT_THAT(Update(cluster)->ignored, IsEmpty());
  cluster[0].endpoints[300].metadata = true;
  EXPECT_THAT(Update(cluster)->ignored, UnorderedElementsAre(kTypedMetadata));
  cluster[0].endpoints[10].weight = 2;  // another chunk
  EXPECT_THAT(Update(cluster)->ignored, UnorderedElementsAre(kTypedMetadata));
  cluster[0].endpoints[301].weight = 2;  // the same chunk
  EXPECT_THAT(Update(cluster)->ignored, UnorderedElementsAre(kTypedMetadata));
  cluster[0].endpoints[300].metadata = false;
  EXPECT_THAT(Update(cluster)->ignored, IsEmpty());
}

TEST_F(EndpointsIncrementalTest, ARejectedVersionLeavesTheOldOneToCompareWith) {
  Cluster cluster = {Large("a", 0, 600)};
  Update(cluster);
  cluster[0].endpoints[5].weight = 0;
  const DecodeResult bad = DecodeBytes(*types_.cluster_load_assignment, Bytes(cluster), resource_);
  EXPECT_FALSE(bad.error.ok());
  EXPECT_EQ(bad.resource, nullptr);
  cluster[0].endpoints[5].weight = 2;
  EXPECT_LE(NewChunks(cluster), 1u);
}

// The oracle is the decoder without a previous version, in Update().
TEST_F(EndpointsIncrementalTest, RandomEdits) {
  const std::unique_ptr<Random> random = NewSeededRandom(20240817);
  for (int round = 0; round < 5; ++round) {
    resource_ = nullptr;
    Cluster cluster = {Large("a", 0, 900), Large("b", 10000, 40)};
    uint32_t next_id = 50000;
    Update(cluster);
    for (int step = 0; step < 40; ++step) {
      SCOPED_TRACE(absl::StrCat("round ", round, " step ", step));
      Locality& locality = cluster[random->NextBelow(cluster.size())];
      std::vector<Endpoint>& endpoints = locality.endpoints;
      const uint64_t edits = 1 + random->NextBelow(4);
      for (uint64_t i = 0; i < edits; ++i) {
        const size_t at = endpoints.empty() ? 0 : random->NextBelow(endpoints.size());
        const size_t count =
            std::min<size_t>(random->NextBelow(round * 100 + 3), endpoints.size() - at);
        switch (random->NextBelow(9)) {
          case 0:
            if (!endpoints.empty()) endpoints[at].weight = 1 + random->NextBelow(50);
            break;
          case 1:
            endpoints.insert(endpoints.begin() + at, Endpoint{next_id++, 1, false});
            break;
          case 2:
            endpoints.erase(endpoints.begin() + at, endpoints.begin() + at + count);
            break;
          case 3:
            for (size_t k = 0; k < count; ++k) {
              endpoints.insert(endpoints.begin() + at, Endpoint{next_id++, 1, false});
            }
            break;
          case 4:
            std::rotate(endpoints.begin(), endpoints.begin() + at, endpoints.end());
            break;
          case 5:
            if (!endpoints.empty()) endpoints.push_back(endpoints[at]);  // twice
            break;
          case 6:
            if (!endpoints.empty()) endpoints[at].metadata = !endpoints[at].metadata;
            break;
          case 7:
            for (size_t k = endpoints.size(); k > 1 && step % 7 == 0; --k) {
              std::swap(endpoints[k - 1], endpoints[random->NextBelow(k)]);
            }
            break;
          case 8:
            locality.weight = 1 + random->NextBelow(9);
            break;
        }
      }
      if (random->NextBelow(10) == 0) std::reverse(cluster.begin(), cluster.end());
      const auto value = Update(cluster);
      ASSERT_FALSE(HasFailure());
      for (const auto& part : value->localities) {
        // No chunk but the last is tiny.
        const auto& chunks = part->endpoints.chunks();
        for (size_t k = 0; k < chunks.size(); ++k) {
          EXPECT_LE(chunks[k]->endpoints.size(), model::EndpointList::kChunkSize);
          EXPECT_GE(chunks[k]->endpoints.size(), k + 1 < chunks.size() ? 32u : 1u);
        }
      }
    }
  }
}

// The endpoints are the ones they were, but it is another assignment.
TEST(EndpointsPolicyTest, AChangeOfThePolicyIsAChange) {
  const ResourceTypes types = NewResourceTypes(Profile::kMesh);
  proto::ClusterLoadAssignment message;
  message.ParseFromString(Bytes({{"a", 1, {{1}, {2}}}}));
  const auto decode = [&](std::shared_ptr<const Resource> previous) {
    const DecodeResult result = DecodeBytes(*types.cluster_load_assignment,
                                            message.SerializeAsString(), std::move(previous));
    EXPECT_TRUE(result.error.ok()) << result.error;
    return result.resource;
  };
  const auto of = [](const std::shared_ptr<const Resource>& resource) {
    return ModelOf<model::ClusterLoadAssignment>(resource);
  };
  const auto first = decode(nullptr);
  auto* drop = message.mutable_policy()->add_drop_overloads();
  drop->set_category("x");
  const auto second = decode(first);
  EXPECT_EQ(of(second)->drops.size(), 1u);
  drop->mutable_drop_percentage()->set_numerator(5);
  const auto third = decode(second);
  EXPECT_EQ(of(third)->drops[0].per_million, 50'000u);
  message.mutable_policy()->set_weighted_priority_health(true);
  const auto fourth = decode(third);
  EXPECT_TRUE(of(fourth)->weighted_priority_health);
  EXPECT_EQ(decode(fourth), fourth);
  EXPECT_EQ(of(fourth)->localities, of(first)->localities);
}

}  // namespace
}  // namespace mesh::xds
