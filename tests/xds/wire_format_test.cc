#include "mesh/xds/wire_format.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mesh::xds {
namespace {

using ::testing::ElementsAre;

// `field:value` of each field, then `malformed` if it is.
std::vector<std::string> Read(absl::string_view bytes) {
  // On the heap and of the exact size, so that a sanitizer sees one byte too many.
  const std::unique_ptr<char[]> copy(new char[bytes.size()]);
  bytes.copy(copy.get(), bytes.size());
  std::vector<std::string> fields;
  WireReader reader(absl::string_view(copy.get(), bytes.size()));
  while (reader.Next()) {
    const bool is_bytes = reader.type() == WireReader::Type::kBytes;
    fields.push_back(is_bytes ? absl::StrCat(reader.field(), ":'", reader.bytes(), "'")
                              : absl::StrCat(reader.field(), ":", reader.number()));
  }
  if (!reader.ok()) fields.push_back("malformed");
  return fields;
}

TEST(WireReaderTest, ReadsEveryType) {
  EXPECT_THAT(Read(""), ElementsAre());
  EXPECT_THAT(Read("\x08\x96\x01"), ElementsAre("1:150"));
  EXPECT_THAT(Read(absl::string_view("\x12\x03"
                                     "abc"
                                     "\x1a\x00",
                                     7)),
              ElementsAre("2:'abc'", "3:''"));
  EXPECT_THAT(Read(absl::string_view("\x0d\x01\x02\x00\x00", 5)), ElementsAre("1:513"));
  EXPECT_THAT(Read(absl::string_view("\x09\x01\x00\x00\x00\x00\x00\x00\x80", 9)),
              ElementsAre("1:9223372036854775809"));
  EXPECT_THAT(Read("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
              ElementsAre("1:18446744073709551615"));
}

TEST(WireReaderTest, StopsAtWhatIsMalformed) {
  const struct {
    const char* what;
    const char* hex;
  } kCases[] = {
      {"a tag cut short", "0801ff"},
      {"a number cut short", "080108ff"},
      {"a number without end",
       "0801"
       "08ffffffffffffffffffff01"},
      {"a length past the end", "080112036162"},
      {"a length of 2^64-1", "080112ffffffffffffffffff0161"},
      {"a fixed64 cut short", "08010901020304050607"},
      {"a fixed32 cut short", "08010d010203"},
      {"field 0", "08010001"},
      {"a field past 2^29", "0801808080801001"},
      {"a group's begin", "08010b"},
      {"a group's end", "08010c"},
      {"wire type 6", "08010e"},
      {"wire type 7", "08010f"},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Read(absl::HexStringToBytes(c.hex)), ElementsAre("1:1", "malformed")) << c.what;
  }
}

}  // namespace
}  // namespace mesh::xds
