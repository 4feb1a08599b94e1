#include "mesh/tools/command_line.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mesh::tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(CommandLine, ReadsEveryFlagOfCall) {
  const absl::StatusOr<CommandLine> line = ParseCommandLine({"call",
                                                             "xds:///a",
                                                             "/p.S/M",
                                                             "--data-hex",
                                                             "0aFf",
                                                             "-H",
                                                             "K: v:1",
                                                             "-H",
                                                             "b:",
                                                             "--count",
                                                             "7",
                                                             "--concurrency=3",
                                                             "--qps",
                                                             "2.5",
                                                             "--deadline",
                                                             "500ms",
                                                             "--wait-for-ready",
                                                             "--hash",
                                                             "18446744073709551615",
                                                             "--bootstrap",
                                                             "/b.json",
                                                             "--local-cluster=mine",
                                                             "--profile",
                                                             "grpc",
                                                             "--json"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->command, CommandLine::Command::kCall);
  EXPECT_EQ(line->target, "xds:///a");
  EXPECT_EQ(line->method, "/p.S/M");
  EXPECT_EQ(line->data, "\x0a\xff");
  EXPECT_THAT(line->metadata, ElementsAre(Pair("k", "v:1"), Pair("b", "")));
  EXPECT_EQ(line->count, 7u);
  EXPECT_EQ(line->concurrency, 3u);
  EXPECT_EQ(line->qps, 2.5);
  EXPECT_EQ(line->deadline, absl::Milliseconds(500));
  EXPECT_TRUE(line->wait_for_ready);
  EXPECT_EQ(line->hash, 18446744073709551615u);
  EXPECT_EQ(line->bootstrap_path, "/b.json");
  EXPECT_EQ(line->local_cluster, "mine");
  EXPECT_EQ(line->profile, Profile::kGrpc);
  EXPECT_TRUE(line->json);
}

TEST(CommandLine, Defaults) {
  const absl::StatusOr<CommandLine> line = ParseCommandLine({"call", "static:///a:1", "p.S/M"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->method, "/p.S/M");
  EXPECT_EQ(line->count, 1u);
  EXPECT_EQ(line->concurrency, 1u);
  EXPECT_EQ(line->qps, 0);
  EXPECT_EQ(line->deadline, absl::Seconds(10));
  EXPECT_EQ(line->hash, std::nullopt);
  EXPECT_EQ(line->profile, Profile::kMesh);
  EXPECT_FALSE(line->json);
}

TEST(CommandLine, Watch) {
  const absl::StatusOr<CommandLine> line = ParseCommandLine({"watch", "xds:///a", "--for", "2"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->command, CommandLine::Command::kWatch);
  EXPECT_EQ(line->watch_for, absl::Seconds(2));
}

TEST(CommandLine, Explain) {
  const absl::StatusOr<CommandLine> line =
      ParseCommandLine({"explain", "xds:///a", "p.S/M", "-H", "K: v", "--wait", "3s", "--json"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->command, CommandLine::Command::kExplain);
  EXPECT_EQ(line->method, "/p.S/M");
  EXPECT_THAT(line->metadata, ElementsAre(Pair("k", "v")));
  EXPECT_EQ(line->explain_wait, absl::Seconds(3));
  EXPECT_TRUE(line->json);
}

TEST(CommandLine, ErrorsNameTheArgumentAndTheCause) {
  const struct {
    std::vector<std::string> arguments;
    const char* text;
  } kCases[] = {
      {{}, "no command"},
      {{"fly"}, "argument \"fly\": unknown command"},
      {{"call"}, "argument \"TARGET\": missing"},
      {{"call", "t"}, "argument \"METHOD\": missing"},
      {{"call", "t", "/a/b", "c"}, "argument \"c\": one argument too many"},
      {{"call", "t", "method"}, "is not /package.Service/Method"},
      {{"call", "t", "/a/b", "--count", "0"}, "argument \"--count\": \"0\" is no number above 0"},
      {{"call", "t", "/a/b", "--count", "-1"}, "argument \"--count\""},
      {{"call", "t", "/a/b", "--count"}, "argument \"--count\": needs a value"},
      {{"call", "t", "/a/b", "--qps", "nan"}, "argument \"--qps\""},
      {{"call", "t", "/a/b", "--hash", "-1"}, "argument \"--hash\": \"-1\" is no number of 64"},
      {{"call", "t", "/a/b", "--hash", "18446744073709551616"}, "is no number of 64 bits"},
      {{"explain", "t", "/a/b", "--hash", "1"}, "argument \"--hash\": unknown flag"},
      {{"call", "t", "/a/b", "--deadline", "0"}, "argument \"--deadline\": must be above 0"},
      {{"call", "t", "/a/b", "--deadline", "soon"}, "is no duration"},
      {{"call", "t", "/a/b", "--data-hex", "abc"}, "odd number of digits"},
      {{"call", "t", "/a/b", "--data-hex", "zz"}, "\"z\" is no hexadecimal digit"},
      {{"call", "t", "/a/b", "-H", "novalue"}, "argument \"-H\": \"novalue\" is not key:value"},
      {{"call", "t", "/a/b", "-H", "a b:c"}, "is no metadata key"},
      {{"call", "t", "/a/b", "--profile", "x"}, "is not mesh, envoy or grpc"},
      {{"call", "t", "/a/b", "--json=1"}, "argument \"--json\": takes no value"},
      {{"call", "t", "/a/b", "--for", "1"}, "argument \"--for\": unknown flag"},
      {{"watch", "t", "--count", "1"}, "argument \"--count\": unknown flag"},
      {{"watch", "t", "u"}, "one argument too many"},
      {{"watch", "t", "-H", "a:b"}, "argument \"-H\": unknown flag"},
      {{"explain", "t"}, "argument \"METHOD\": missing"},
      {{"explain", "t", "/a/b", "--for", "1"}, "argument \"--for\": unknown flag"},
      {{"explain", "t", "/a/b", "--count", "1"}, "argument \"--count\": unknown flag"},
      {{"call", "t", "/a/b", "--wait", "1"}, "argument \"--wait\": unknown flag"},
  };
  for (const auto& test : kCases) {
    const absl::StatusOr<CommandLine> line = ParseCommandLine(test.arguments);
    ASSERT_FALSE(line.ok()) << test.text;
    EXPECT_THAT(std::string(line.status().message()), HasSubstr(test.text));
  }
}

}  // namespace
}  // namespace mesh::tools
