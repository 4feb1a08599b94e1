#include "mesh/xds/resources/wire_copy.h"

#include <cstdint>

namespace mesh::xds {
namespace {

void AppendVarint(uint64_t value, std::string* bytes) {
  while (value >= 0x80) {
    bytes->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  bytes->push_back(static_cast<char>(value));
}

void AppendFixed(uint64_t value, int size, std::string* bytes) {
  for (int i = 0; i < size; ++i) bytes->push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace

void AppendField(const WireReader& reader, std::string* bytes) {
  AppendVarint((static_cast<uint64_t>(reader.field()) << 3) | static_cast<uint64_t>(reader.type()),
               bytes);
  switch (reader.type()) {
    case WireReader::Type::kVarint:
      return AppendVarint(reader.number(), bytes);
    case WireReader::Type::kFixed64:
      return AppendFixed(reader.number(), 8, bytes);
    case WireReader::Type::kFixed32:
      return AppendFixed(reader.number(), 4, bytes);
    case WireReader::Type::kBytes:
      AppendVarint(reader.bytes().size(), bytes);
      bytes->append(reader.bytes().data(), reader.bytes().size());
      return;
  }
}

}  // namespace mesh::xds
