#include "mesh/model/endpoint_order.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "gtest/gtest.h"

namespace mesh::model {
namespace {

using Chunk = std::shared_ptr<const EndpointList::Chunk>;

Chunk ChunkOf(size_t size) {
  auto chunk = std::make_shared<EndpointList::Chunk>();
  for (size_t i = 0; i < size; ++i) chunk->endpoints.push_back({"a:" + std::to_string(i)});
  return chunk;
}

std::vector<uint64_t> NumbersOf(const EndpointOrder& order, const EndpointList& list) {
  std::vector<uint64_t> numbers;
  list.ForEach([&](const EndpointConfig& config) { numbers.push_back(order.NumberOf(&config)); });
  return numbers;
}

bool Grows(const std::vector<uint64_t>& numbers) {
  return std::adjacent_find(numbers.begin(), numbers.end(), std::greater_equal<>()) ==
         numbers.end();
}

TEST(EndpointFinderTest, FindsEveryEndpoint) {
  const EndpointList list({ChunkOf(3), ChunkOf(1), ChunkOf(256), ChunkOf(2)});
  const EndpointFinder finder(list);
  for (size_t i = 0; i < list.chunks().size(); ++i) {
    const std::vector<EndpointConfig>& endpoints = list.chunks()[i]->endpoints;
    for (size_t k = 0; k < endpoints.size(); ++k) {
      const EndpointFinder::Position position = finder.Find(&endpoints[k]);
      EXPECT_EQ(position.chunk, i);
      EXPECT_EQ(position.offset, k);
    }
  }
}

TEST(EndpointOrderTest, AChunkThatTakesAnothersPlaceTakesItsNumbers) {
  std::vector<Chunk> chunks;
  for (int i = 0; i < 10; ++i) chunks.push_back(ChunkOf(128));
  EndpointOrder order;
  EXPECT_TRUE(order.Update(EndpointList(chunks)));
  const std::vector<uint64_t> before = NumbersOf(order, EndpointList(chunks));
  for (int round = 0; round < 1000; ++round) {
    chunks[round % 10] = ChunkOf(128);
    ASSERT_TRUE(order.Update(EndpointList(chunks)));
    ASSERT_EQ(NumbersOf(order, EndpointList(chunks)), before);
  }
}

TEST(EndpointOrderTest, ChunksThatChangePlacesAreNumberedAnew) {
  std::vector<Chunk> chunks = {ChunkOf(2), ChunkOf(2), ChunkOf(2)};
  EndpointOrder order;
  order.Update(EndpointList(chunks));
  std::swap(chunks[0], chunks[2]);
  EXPECT_FALSE(order.Update(EndpointList(chunks)));
  EXPECT_TRUE(Grows(NumbersOf(order, EndpointList(chunks))));
}

TEST(EndpointOrderTest, WhereThereIsNoRoomAllAreNumberedAnew) {
  std::vector<Chunk> chunks = {ChunkOf(1), ChunkOf(1)};
  EndpointOrder order;
  order.Update(EndpointList(chunks));
  bool was_full = false;
  for (int i = 0; i < 200 && !was_full; ++i) {
    chunks.insert(chunks.begin() + 1, ChunkOf(256));  // halves the room before it
    was_full = !order.Update(EndpointList(chunks));
    ASSERT_TRUE(Grows(NumbersOf(order, EndpointList(chunks))));
  }
  EXPECT_TRUE(was_full);
  EXPECT_TRUE(order.Update(EndpointList(chunks)));
}

TEST(EndpointOrderTest, AnEmptyListHasRoomForAnother) {
  EndpointOrder order;
  EXPECT_TRUE(order.Update(EndpointList()));
  const EndpointList list({ChunkOf(3)});
  EXPECT_TRUE(order.Update(list));
  EXPECT_TRUE(Grows(NumbersOf(order, list)));
  EXPECT_TRUE(order.Update(EndpointList()));
}

// Against the definition, through any changes: numbers grow along the list, and where Update() says
// so, those of shared chunks are what they were.
TEST(EndpointOrderTest, KeepsTheNumbersOfSharedChunksThroughRandomChanges) {
  std::mt19937 random(7);
  std::vector<Chunk> chunks;
  EndpointOrder order;
  absl::flat_hash_map<const EndpointConfig*, uint64_t> before;
  int kept = 0;
  for (int round = 0; round < 1000; ++round) {
    const std::vector<Chunk> old = chunks;
    for (size_t change = 0; change <= random() % 3; ++change) {
      const size_t at = random() % (chunks.size() + 1);
      switch (random() % (chunks.size() < 20 ? 3 : 5)) {
        case 0:
        case 1:
          chunks.insert(chunks.begin() + static_cast<ptrdiff_t>(at), ChunkOf(1 + random() % 8));
          break;
        case 2:
          if (at < chunks.size()) chunks[at] = ChunkOf(1 + random() % 8);
          break;
        default:
          if (at < chunks.size()) chunks.erase(chunks.begin() + static_cast<ptrdiff_t>(at));
          if (random() % 50 == 0) std::shuffle(chunks.begin(), chunks.end(), random);
      }
    }
    const EndpointList list(chunks);
    const bool keeps = order.Update(list);
    ASSERT_TRUE(Grows(NumbersOf(order, list)));
    kept += keeps ? 1 : 0;
    absl::flat_hash_map<const EndpointConfig*, uint64_t> now;
    list.ForEach([&](const EndpointConfig& config) { now[&config] = order.NumberOf(&config); });
    const absl::flat_hash_set<Chunk> shared(old.begin(), old.end());
    for (const Chunk& chunk : chunks) {
      if (!keeps || !shared.contains(chunk)) continue;
      for (const EndpointConfig& config : chunk->endpoints) {
        ASSERT_EQ(now.at(&config), before.at(&config));
      }
    }
    before = std::move(now);
  }
  EXPECT_GT(kept, 900);
}

}  // namespace
}  // namespace mesh::model
