// What aggregate clusters come down to (gRFC A37).

#include "resolver/xds/cluster_graph.h"

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "mesh/model/cluster.h"

namespace mesh::resolver {
namespace {

// Aggregates by name. What is not here is a leaf, or unknown if its name begins with `?`.
using Graph = std::map<std::string, model::Cluster>;

// `a: b c; b: d`.
Graph Parse(absl::string_view text) {
  Graph graph;
  for (absl::string_view line : absl::StrSplit(text, "; ", absl::SkipEmpty())) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(line, ": ");
    model::Cluster cluster;
    cluster.name = parts.first;
    cluster.type = model::ClusterType::kAggregate;
    cluster.aggregated = absl::StrSplit(parts.second, ' ');
    graph[parts.first] = cluster;
  }
  return graph;
}

ClusterLeaves Find(const Graph& graph, absl::string_view root) {
  const model::Cluster leaf;
  std::map<std::string, int> asked;
  ClusterLeaves leaves = FindLeaves(root, [&](absl::string_view name) -> const model::Cluster* {
    EXPECT_EQ(++asked[std::string(name)], 1) << name;
    const auto found = graph.find(std::string(name));
    if (found != graph.end()) return &found->second;
    return name.front() == '?' ? nullptr : &leaf;
  });
  return leaves;
}

TEST(ClusterGraphTest, Table) {
  const struct {
    std::string what, graph, leaves, error;
  } kRows[] = {
      {"a leaf is itself", "", "a", ""},
      {"in the order named", "a: c b d", "c b d", ""},
      {"depth first", "a: b c; b: d e; c: f", "d e f", ""},
      {"unknown ones are leaves", "a: b ?c", "b ?c", ""},
      {"a diamond: the first occurrence", "a: b c; b: d e; c: e f d", "d e f", ""},
      {"a diamond of aggregates", "a: b c; b: d; c: d; d: e", "e", ""},
      {"named twice", "a: b b c b", "b c", ""},
      {"itself", "a: a", "", "cluster \"a\": clusters aggregate each other: a > a"},
      {"itself among others", "a: b a c", "b c",
       "cluster \"a\": clusters aggregate each other: a > a"},
      {"a cycle further down", "a: x b; b: c; c: y b z", "x y z",
       "cluster \"a\": clusters aggregate each other: b > c > b"},
      {"back to the root", "a: b; b: a", "",
       "cluster \"a\": clusters aggregate each other: a > b > a"},
      {"the first cycle is named", "a: b c; b: b; c: c", "",
       "cluster \"a\": clusters aggregate each other: b > b"},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.what);
    const ClusterLeaves leaves = Find(Parse(row.graph), "a");
    EXPECT_EQ(absl::StrJoin(leaves.clusters, " "), row.leaves);
    EXPECT_EQ(leaves.error,
              row.error.empty() ? absl::OkStatus() : absl::UnavailableError(row.error));
  }
}

// grpc-go cdsbalancer, "aggregateClusterMaxDepth": a leaf that is the 17th in its chain.
TEST(ClusterGraphTest, SixteenInEachOther) {
  for (const int last : {15, 16}) {  // the leaf's number, counted from 0
    Graph graph;
    for (int i = 0; i < last; ++i) {
      graph.merge(Parse(absl::StrCat("c", i, ": c", i + 1)));
    }
    const ClusterLeaves leaves = Find(graph, "c0");
    if (last == 15) {
      EXPECT_EQ(leaves.clusters, std::vector<std::string>{"c15"});
      EXPECT_TRUE(leaves.error.ok()) << leaves.error;
    } else {
      EXPECT_EQ(leaves.clusters, std::vector<std::string>());
      EXPECT_EQ(
          leaves.error.message(),
          "cluster \"c0\": more than 16 clusters in each other: c0 > c1 > c2 > c3 > c4 > c5 > "
          "c6 > c7 > c8 > c9 > c10 > c11 > c12 > c13 > c14 > c15 > c16");
    }
  }
}

// Each cluster is asked for once, however many ways lead to it.
TEST(ClusterGraphTest, ALadderOfDiamondsIsWalkedOnce) {
  Graph graph;
  for (int i = 0; i < 14; ++i) {
    for (const char* side : {"l", "r"}) {
      graph.merge(Parse(absl::StrCat(side, i, ": l", i + 1, " r", i + 1)));
    }
  }
  const ClusterLeaves leaves = Find(graph, "l0");
  EXPECT_TRUE(leaves.error.ok()) << leaves.error;
  EXPECT_EQ(leaves.clusters, (std::vector<std::string>{"l14", "r14"}));
}

}  // namespace
}  // namespace mesh::resolver
