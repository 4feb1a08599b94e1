#include "mesh/tools/snapshot_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mesh::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Snapshot OneOfEverything() {
  Snapshot snapshot;
  snapshot.target = "xds:///a";
  snapshot.node_id = "n";
  snapshot.control_planes = {{"dns:///cp:1", true, ""}};
  snapshot.resources = {{"Cluster", "c", "nacked", "7", "bad", "8"}};
  snapshot.routes = {{"r", "prefix \"/\"", {{"c", 3}}, "UNAVAILABLE, at most 1 retry", "1.5s"}};
  snapshot.clusters = {
      {"c",
       "ready",
       "",
       {{"r/z/s", 1, 2, {{"1.2.3.4:5", "ready", "healthy", 4, 6, {1, 3}, "", 2}}, {2, 3}, "b"}},
       "random",
       {{1, "serving", 5, 4, 3, 70, true, "b"}},
       {{"b", "ready", "stale"}},
       {{"max_requests", "HIGH", 10, 9, 1, 3, "b"}, {"max_retries", "DEFAULT", 3, 1, 2, 0, "b"}}}};
  snapshot.clusters[0].localities[0].endpoints.push_back(
      {"1.2.3.4:6", "idle", "draining", 1, 0, {}, "not connected"});
  snapshot.clusters[0].zone_routing = "direct";
  snapshot.ignored = {"Cluster \"c\": altogether"};
  return snapshot;
}

TEST(SnapshotText, JsonNamesEveryField) {
  EXPECT_EQ(
      SnapshotJson(OneOfEverything()),
      R"({"target":"xds:///a","node_id":"n","error":"",)"
      R"("control_planes":[{"server":"dns:///cp:1","connected":true,"error":""}],)"
      R"("resources":[{"type":"Cluster","name":"c","state":"nacked","version":"7","error":"bad",)"
      R"("failed_version":"8"}],)"
      R"("routes":[{"name":"r","match":"prefix \"/\"","clusters":[{"cluster":"c","weight":3}],)"
      R"("retry":"UNAVAILABLE, at most 1 retry","timeout":"1.5s"}],)"
      R"("clusters":[{"name":"c","state":"ready","error":"","policy":"random",)"
      R"("zone_routing":"direct","priorities":[)"
      R"({"priority":1,"state":"serving","usable":5,"ready":4,"connecting":3,"load":70,)"
      R"("panic":true,"cluster":"b"}],)"
      R"("localities":[{"locality":"r/z/s","priority":1,"weight":2,"share":{"part":2,"of":3},)"
      R"("endpoints":[{"address":"1.2.3.4:5","state":"ready","health":"healthy","weight":4,)"
      R"("in_flight":6,"connections":2,"share":{"part":1,"of":3},"excluded":""},)"
      R"({"address":"1.2.3.4:6","state":"idle","health":"draining","weight":1,"in_flight":0,)"
      R"("connections":0,)"
      R"("share":{"part":0,"of":1},"excluded":"not connected"}],"cluster":"b"}],)"
      R"("children":[{"name":"b","state":"ready","error":"stale"}],"limits":[)"
      R"({"name":"max_requests","priority":"HIGH","limit":10,"in_use":9,"remaining":1,)"
      R"("refused":3,"cluster":"b"},)"
      R"({"name":"max_retries","priority":"DEFAULT","limit":3,"in_use":1,"remaining":2,)"
      R"("refused":0,"cluster":"b"}]}],)"
      R"("ignored":["Cluster \"c\": altogether"]})");
}

TEST(SnapshotText, OneLineAFact) {
  EXPECT_THAT(
      SnapshotLines(OneOfEverything()),
      ElementsAre(
          "target xds:///a", "node n", "control plane dns:///cp:1 connected",
          "Cluster \"c\" nacked version 7: bad",
          "route 0 \"r\" prefix \"/\" to c (3); timeout 1.5s; retry UNAVAILABLE, at most 1 retry",
          "cluster c ready", "cluster c zones direct", "cluster c child b ready: stale",
          "cluster c priority 1 of b serving, 4 of 5 usable endpoints connected, 70 % of its "
          "calls, "
          "panic",
          "cluster c limit max_requests 10 (HIGH) of b has refused 3",
          "cluster c priority 1 locality r/z/s weight 2 of b",
          "cluster c endpoint 1.2.3.4:5 ready, healthy, weight 4, 2 connections",
          "cluster c endpoint 1.2.3.4:6 idle, draining, weight 1, no calls: not connected",
          "ignored Cluster \"c\": altogether"));
}

TEST(SnapshotText, OfSubsetsAndWhatRoutesNameOfThem) {
  Snapshot snapshot;
  snapshot.target = "t";
  snapshot.routes = {{"", "prefix \"\"", {{"c", 1, "v=1"}}, "", ""}};
  Snapshot::Cluster cluster;
  cluster.name = "c";
  cluster.state = "ready";
  cluster.subsets = {{"v=1", "ready", 3, 2}, {"v=2", "idle", 1, 0}};
  cluster.subset_count = 2;
  snapshot.clusters = {cluster};
  EXPECT_THAT(SnapshotLines(snapshot),
              ElementsAre("target t", "route 0 prefix \"\" to c (1) with v=1", "cluster c ready",
                          "cluster c subset v=1 ready, 3 endpoints"));
  const std::string json = SnapshotJson(snapshot);
  EXPECT_THAT(json, HasSubstr(R"({"cluster":"c","weight":1,"metadata":"v=1"})"));
  EXPECT_THAT(
      json,
      HasSubstr(
          R"("limits":[],"subset_count":2,"subsets":[{"metadata":"v=1","state":"ready","endpoints":3,"ready":2},)"));
}

TEST(SnapshotText, ChangesAreLinesGoneAndLinesNew) {
  EXPECT_THAT(ChangedLines({"a", "b", "b", "c"}, {"a", "b", "d"}),
              ElementsAre("- b", "- c", "+ d"));
  EXPECT_THAT(ChangedLines({"a"}, {"a"}), ElementsAre());
}

}  // namespace
}  // namespace mesh::tools
