// Metadata that calls name: canonical texts, lists taken apart, hashes of sets.

#include "mesh/model/metadata_match.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mesh::model {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(MetadataMatchTest, TextIsQuoted) {
  EXPECT_EQ(JsonString(""), R"("")");
  EXPECT_EQ(JsonString("v1"), R"("v1")");
  EXPECT_EQ(JsonString("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(JsonString(std::string("\0\x1f", 2)), R"("\u0000\u001f")");
  EXPECT_EQ(JsonString("\xc3\xa9"), "\"\xc3\xa9\"");
}

TEST(MetadataMatchTest, ElementsOfLists) {
  const struct {
    std::string value;
    bool is_list;
    std::vector<std::string> elements;
  } kRows[] = {
      {"", false, {}},
      {"1", false, {}},
      {R"("[1,2]")", false, {}},
      {R"({"a":[1]})", false, {}},
      {"[]", true, {}},
      {"[1]", true, {"1"}},
      {R"([1,"a",null,true])", true, {"1", R"("a")", "null", "true"}},
      {R"([[1,2],{"a":[3,4],"b":5},6])", true, {"[1,2]", R"({"a":[3,4],"b":5})", "6"}},
      {R"(["a,b","\"],[","\\",7])", true, {R"("a,b")", R"("\"],[")", R"("\\")", "7"}},
  };
  for (const auto& row : kRows) {
    const MetadataElements elements = ElementsOf(row.value);
    EXPECT_EQ(elements.is_list, row.is_list) << row.value;
    EXPECT_EQ(elements.values, row.elements) << row.value;
  }
}

TEST(MetadataMatchTest, Fields) {
  const MetadataMatch match(MetadataFields{{"stage", R"("prod")"}, {"v", "1"}});
  EXPECT_EQ(match.ToString(), R"(stage="prod", v=1)");
  EXPECT_EQ(ToString(MetadataFields{{"stage", R"("prod")"}, {"v", "1"}}), match.ToString());
  EXPECT_THAT(match.alternatives(), IsEmpty());
  ASSERT_EQ(match.fields().size(), 2u);
  EXPECT_EQ(match.fields()[1].hash, HashOfField("v", "1"));
  EXPECT_EQ(match.fields()[1].key_hash, HashOfKey("v"));
}

TEST(MetadataMatchTest, EqualIfAllIs) {
  const MetadataMatch one(MetadataFields{{"v", "1"}});
  EXPECT_EQ(one, MetadataMatch(MetadataFields{{"v", "1"}}));
  EXPECT_FALSE(one == MetadataMatch(MetadataFields{{"v", "2"}}));
  EXPECT_FALSE(one == MetadataMatch(MetadataFields{{"w", "1"}}));
  EXPECT_FALSE(one == MetadataMatch(MetadataFields{{"v", "1"}, {"w", "1"}}));
  EXPECT_FALSE(one == MetadataMatch(MetadataFields{{"v", "1"}}, {one}));
}

TEST(MetadataMatchTest, KeyAndValueDoNotRunTogether) {
  EXPECT_NE(HashOfField("ab", "c"), HashOfField("a", "bc"));
  EXPECT_NE(HashOfField("a", "b"), HashOfField("b", "a"));
}

}  // namespace
}  // namespace mesh::model
