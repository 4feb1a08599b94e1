#include "mesh/tools/explanation_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mesh::tools {
namespace {

using ::testing::HasSubstr;

Explanation OneOfEverything() {
  Explanation explanation;
  explanation.target = "xds:///a";
  explanation.node_id = "n";
  explanation.call = {"/s/m", {{"user", "me"}}};
  explanation.outcome = Explanation::Outcome::kPartly;
  explanation.reason = "cluster \"d\": refused";
  explanation.settled = true;
  explanation.virtual_hosts = {{"other", {"x", "*.y"}, false}, {"mine", {"a"}, true}};
  explanation.routes = {
      {{"r0", "exact \"/s/x\"", {{"e", 1}}, "", ""}, false, "the path is another"},
      {{"", "prefix \"/s/\"", {{"c", 3}, {"d", 1}}, "UNAVAILABLE, at most 1 retry", "1.5s"},
       true,
       ""},
      {{"", "prefix \"\"", {{"e", 1}}, "", ""}, false, ""}};
  explanation.route = 1;
  Snapshot::Cluster c;
  c.name = "c";
  c.state = "ready";
  c.policy = "round_robin";
  c.priorities = {{0, "serving", 2, 1, 0, 100, true}};
  c.limits = {{"max_requests", "DEFAULT", 10, 9, 1, 3},
              {"max_retries", "DEFAULT", 3, 0, 3, 0},
              {"retry_budget", "HIGH", 3, 1, 0, 0}};
  c.localities = {{"r/z/s",
                   0,
                   5,
                   {{"1.1.1.1:1", "ready", "healthy", 1, 7, {1, 1}, "", 1},
                    {"1.1.1.22:1", "failing", "unknown", 10, 0, {0, 1}, "connection: refused"}},
                   {1, 3}}};
  Snapshot::Cluster d;
  d.name = "d";
  d.state = "failing";
  d.error = "cluster \"d\": refused";
  explanation.clusters = {{{3, 4}, c}, {{1, 4}, d}};
  explanation.control_planes = {{"dns:///cp:1", true, ""}};
  explanation.resources = {{"Cluster", "d", "NACKED", "3", "bad", "4"}};
  explanation.held = {"held thing"};
  explanation.rejected = {"rejected thing"};
  explanation.missing = {"missing thing"};
  explanation.ignored = {"ignored thing"};
  return explanation;
}

TEST(ExplanationText, JsonNamesEveryField) {
  EXPECT_EQ(
      ExplanationJson(OneOfEverything()),
      R"({"target":"xds:///a","node_id":"n","call":{"path":"/s/m","metadata":[)"
      R"({"key":"user","value":"me"}]},"outcome":"partly","reason":"cluster \"d\": refused",)"
      R"("settled":true,"virtual_hosts":[{"name":"other","domains":["x","*.y"],"serves":false},)"
      R"({"name":"mine","domains":["a"],"serves":true}],"routes":[{"takes":false,)"
      R"("mismatch":"the path is another","name":"r0","match":"exact \"/s/x\"","clusters":[)"
      R"({"cluster":"e","weight":1}],"retry":"","timeout":""},{"takes":true,"mismatch":"",)"
      R"("name":"","match":"prefix \"/s/\"","clusters":[{"cluster":"c","weight":3},)"
      R"({"cluster":"d","weight":1}],"retry":"UNAVAILABLE, at most 1 retry","timeout":"1.5s"},)"
      R"({"takes":false,"mismatch":"","name":"","match":"prefix \"\"","clusters":[)"
      R"({"cluster":"e","weight":1}],"retry":"","timeout":""}],"clusters":[{"name":"c",)"
      R"("share":{"part":3,"of":4},"state":"ready","error":"","policy":"round_robin","zone_routing":"",)"
      R"("priorities":[{"priority":0,"state":"serving","usable":2,"ready":1,"connecting":0,)"
      R"("load":100,"panic":true,"cluster":""}],)"
      R"("localities":[{"locality":"r/z/s","priority":0,"weight":5,"share":{"part":1,"of":3},)"
      R"("endpoints":[{"address":"1.1.1.1:1","state":"ready","health":"healthy","weight":1,)"
      R"("in_flight":7,"connections":1,"share":{"part":1,"of":1},"excluded":""},{"address":"1.1.1.22:1",)"
      R"("state":"failing","health":"unknown","weight":10,"in_flight":0,)"
      R"("connections":0,)"
      R"("share":{"part":0,"of":1},"excluded":"connection: refused"}],"cluster":""}],)"
      R"("children":[],"limits":[)"
      R"({"name":"max_requests","priority":"DEFAULT","limit":10,"in_use":9,"remaining":1,)"
      R"("refused":3,"cluster":""},)"
      R"({"name":"max_retries","priority":"DEFAULT","limit":3,"in_use":0,"remaining":3,)"
      R"("refused":0,"cluster":""},)"
      R"({"name":"retry_budget","priority":"HIGH","limit":3,"in_use":1,"remaining":0,)"
      R"("refused":0,"cluster":""}]},{"name":"d",)"
      R"("share":{"part":1,"of":4},"state":"failing","error":"cluster \"d\": refused",)"
      R"("policy":"","zone_routing":"","priorities":[],"localities":[],"children":[],"limits":[]}],"shares":[{"cluster":"c",)"
      R"("locality":"r/z/s","priority":0,"address":"1.1.1.1:1","share":0.250000000}],)"
      R"("control_planes":[{"server":"dns:///cp:1","connected":true,"error":""}],)"
      R"("resources":[{"type":"Cluster","name":"d","state":"NACKED","version":"3",)"
      R"("error":"bad","failed_version":"4"}],"held":["held thing"],)"
      R"("rejected":["rejected thing"],"missing":["missing thing"],"ignored":["ignored thing"]})");
}

TEST(ExplanationText, TextIsAligned) {
  EXPECT_EQ(ExplanationText(OneOfEverything()), R"(target   xds:///a
call     /s/m
         user: me (no route looks at metadata)
outcome  partly
reason   cluster "d": refused

virtual hosts
     "other"  x, *.y  not for this target
  *  "mine"   a       serves the target
routes
     0  exact "/s/x"  "r0"  does not match: the path is another
  *  1  prefix "/s/"        takes the call to c (3), d (1); timeout 1.5s; retry UNAVAILABLE, at most 1 retry
     2  prefix ""           not reached

cluster "c"  75.00 % of calls, ready, round_robin
  limit  max_requests           9 of 10 in use  3 refused
  limit  retry_budget (HIGH)    1 of 3 in use
  priority 0: serving, 1 of 2 usable endpoints connected, 100 % of the cluster's calls, panic: too few are healthy to leave the others out
    locality r/z/s  weight 5, 33.33 % of the cluster's calls
      1.1.1.1:1   25.00 %  ready    healthy  weight 1
      1.1.1.22:1  -        failing  unknown  weight 10  connection: refused

cluster "d"  25.00 % of calls, failing
  cluster "d": refused

resources
  control plane  dns:///cp:1  connected
  Cluster        "d"          NACKED     version 3

held
  held thing

rejected
  rejected thing

missing
  missing thing

received and not honoured
  ignored thing
)");
}

TEST(ExplanationText, OfAnAggregateWithItsChildren) {
  Explanation explanation;
  explanation.target = "xds:///a";
  explanation.call.path = "/s/m";
  explanation.outcome = Explanation::Outcome::kServed;
  explanation.settled = true;
  Snapshot::Cluster c;
  c.name = "c";
  c.state = "ready";
  c.policy = "aggregate";
  c.children = {{"x", "failing", "Cluster \"x\": does not exist"}, {"y", "ready", ""}};
  c.priorities = {{0, "serving", 1, 1, 0, 100, false, "y"}};
  c.localities = {{"//", 0, 1, {{"1.1.1.1:1", "ready", "unknown", 1, 0, {1, 1}, ""}}, {1, 1}, "y"}};
  explanation.clusters = {{{1, 1}, c}};
  EXPECT_EQ(ExplanationText(explanation), R"(target   xds:///a
call     /s/m
outcome  served

cluster "c"  100.00 % of calls, ready, aggregate
  child "x": failing: Cluster "x": does not exist
  child "y": ready
  priority 0 of "y": serving, 1 of 1 usable endpoints connected, 100 % of the cluster's calls
    locality //  weight 1, 100.00 % of the cluster's calls
      1.1.1.1:1  100.00 %  ready  unknown  weight 1
)");
}

TEST(ExplanationText, OfWhatCallsName) {
  Explanation explanation = OneOfEverything();
  explanation.clusters[0].cluster.named = "v=1, x=2";
  explanation.clusters[0].cluster.subset = "v=1";
  explanation.clusters[1].cluster.named = "v=3";
  const std::string text = ExplanationText(explanation);
  EXPECT_THAT(text, HasSubstr("round_robin\n  calls name v=1, x=2: subset v=1\n  limit"));
  EXPECT_THAT(text, HasSubstr("failing\n  calls name v=3: no subset takes them\n"));
}

TEST(ExplanationText, OfNothingKnown) {
  Explanation explanation;
  explanation.target = "xds:///a";
  explanation.call.path = "/s/m";
  explanation.reason = "nothing is known of the target yet";
  EXPECT_EQ(ExplanationText(explanation), R"(target   xds:///a
call     /s/m
outcome  waits (not settled yet)
reason   nothing is known of the target yet
)");
}

}  // namespace
}  // namespace mesh::tools
