// Which paths a route takes: grpc-go's matcher_path_test.go, row by row.

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/model/path_matcher.h"

namespace mesh::model {
namespace {

using ::testing::HasSubstr;

struct Row {
  PathMatcher matcher;
  std::string path;
  bool matches;
};

TEST(PathMatchTest, Table) {
  const Row rows[] = {
      // PTH-01
      {PathMatcher::Exact("/s/m"), "/s/m", true},
      {PathMatcher::Exact("/s/m"), "/a/b", false},
      {PathMatcher::Exact("/s/m"), "/S/m", false},
      {PathMatcher::Exact("/s/m"), "/s/m2", false},
      // PTH-02
      {PathMatcher::Exact("/s/m", false), "/S/m", true},
      {PathMatcher::Exact("/s/M", false), "/S/m", true},
      {PathMatcher::Exact("/s/m", false), "/a/b", false},
      // PTH-03
      {PathMatcher::Prefix("/s/"), "/s/m", true},
      {PathMatcher::Prefix("/s/"), "/S/m", false},
      {PathMatcher::Prefix("/s/"), "/a/b", false},
      {PathMatcher::Prefix("/s/"), "/s", false},
      {PathMatcher::Prefix("/s/", false), "/S/m", true},
      {PathMatcher::Prefix("/S/", false), "/s/m", true},
      {PathMatcher::Prefix("/S/", false), "/a/b", false},
      // PTH-08
      {PathMatcher::Prefix(""), "/s/m", true},
      {PathMatcher::Prefix("/"), "/s/m", true},
      {PathMatcher::Prefix(""), "", true},
      {PathMatcher::Prefix("/"), "", true},
      {PathMatcher(), "/s/m", true},
      {PathMatcher(), "", true},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(row.matcher.Matches(row.path), row.matches)
        << row.matcher.ToString() << " and " << row.path;
  }
}

TEST(PathMatchTest, SaysWhyNot) {
  const absl::StatusOr<PathMatcher> regex = PathMatcher::Regex("/s/m");
  ASSERT_TRUE(regex.ok());
  const struct {
    PathMatcher matcher;
    std::string path;
    std::string mismatch;
  } rows[] = {
      {PathMatcher::Exact("/s/m"), "/s/m", ""},
      {PathMatcher::Exact("/s/m"), "/s/m2", "the path is another"},
      {PathMatcher::Exact("/s/m"), "/S/m", "the path differs in letter case"},
      {PathMatcher::Exact("/s/m", false), "/S/m", ""},
      {PathMatcher::Exact("/s/m", false), "/S/n", "the path is another"},
      {PathMatcher::Prefix("/s/"), "/s/m", ""},
      {PathMatcher::Prefix("/s/"), "/a/m", "the path begins otherwise"},
      {PathMatcher::Prefix("/s/"), "/S/m", "the path differs in letter case"},
      {PathMatcher::Prefix("/"), "a", ""},
      {*regex, "/s/m", ""},
      {*regex, "/s/mm", "the expression matches only a part of the path"},
      {*regex, "/s/n", "the expression does not match the path"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(row.matcher.Mismatch(row.path), row.mismatch)
        << row.matcher.ToString() << " and " << row.path;
    EXPECT_EQ(row.mismatch.empty(), row.matcher.Matches(row.path));
  }
}

TEST(PathMatchTest, Regex) {
  struct {
    std::string expression;
    std::string path;
    bool matches;
  } const rows[] = {
      // PTH-04
      {"^/s+/m.*$", "/sss/me", true},
      {"^/s+/m.*$", "/sss/b", false},
      // PTH-06: the whole path, anchored or not.
      {"^a+$", "ab", false},
      {"^a+$", "aa", true},
      {"a+", "ab", false},
      {"a+", "aa", true},
      {"", "", true},
      {"", "a", false},
      {"(?i)/S/M", "/s/m", true},
  };
  for (const auto& row : rows) {
    const absl::StatusOr<PathMatcher> matcher = PathMatcher::Regex(row.expression);
    ASSERT_TRUE(matcher.ok()) << matcher.status();
    EXPECT_EQ(matcher->Matches(row.path), row.matches) << row.expression << " and " << row.path;
  }
}

TEST(PathMatchTest, BadExpressions) {
  EXPECT_THAT(std::string(PathMatcher::Regex("a(").status().message()),
              HasSubstr("regex \"a(\": "));
  EXPECT_FALSE(PathMatcher::Regex("**").ok());
  // Both compile to more than memory allows.
  EXPECT_FALSE(PathMatcher::Regex("((a{100}){100}){100}").ok());
  EXPECT_FALSE(PathMatcher::Regex(std::string(1 << 20, 'a')).ok());
}

TEST(PathMatchTest, Text) {
  EXPECT_EQ(PathMatcher::Prefix("/a.").ToString(), "prefix \"/a.\"");
  EXPECT_EQ(PathMatcher::Exact("/a.B/C", false).ToString(), "exact \"/a.B/C\", ignoring case");
  EXPECT_EQ(PathMatcher::Regex("/a+")->ToString(), "regex \"/a+\"");
  EXPECT_EQ(PathMatcher().ToString(), "prefix \"\"");
}

}  // namespace
}  // namespace mesh::model
