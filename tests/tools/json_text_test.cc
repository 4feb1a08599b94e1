#include "mesh/tools/json_text.h"

#include "gtest/gtest.h"

namespace mesh::tools {
namespace {

TEST(JsonText, PlacesCommas) {
  JsonText json;
  json.Open('{').Key("a").Number(uint64_t{1}).Key("b").Open('[').String("x").String("y").Close(']');
  json.Key("c").Open('{').Close('}').Key("d").Bool(false).Key("e").Number(1.5).Close('}');
  EXPECT_EQ(json.text(), R"({"a":1,"b":["x","y"],"c":{},"d":false,"e":1.500})");
}

TEST(JsonString, EscapesWhatJsonForbidsAndReplacesWhatIsNotUtf8) {
  const struct {
    absl::string_view text;
    const char* json;
  } kCases[] = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"a\"b\\c\nd", R"("a\"b\\c\nd")"},
      {absl::string_view("\x00\x1f\x7f", 3), R"("\u0000\u001f\u007f")"},
      {"\xC3\xA9", "\"\xC3\xA9\""},                  // é
      {"\xF0\x9F\x98\x80", "\"\xF0\x9F\x98\x80\""},  // an emoji
      {"\xFF", R"("\ufffd")"},
      {"\xC3", R"("\ufffd")"},                      // cut short
      {"\xC0\xAF", R"("\ufffd\ufffd")"},            // overlong
      {"\xED\xA0\x80", R"("\ufffd\ufffd\ufffd")"},  // a surrogate
  };
  for (const auto& test : kCases) EXPECT_EQ(JsonString(test.text), test.json);
}

}  // namespace
}  // namespace mesh::tools
