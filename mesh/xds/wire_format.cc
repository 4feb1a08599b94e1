#include "mesh/xds/wire_format.h"

#include <cstddef>

namespace mesh::xds {
namespace {

constexpr size_t kMaxVarintBytes = 10;
constexpr uint64_t kMaxFieldNumber = (uint64_t{1} << 29) - 1;

}  // namespace

bool WireReader::Next() {
  if (!ok_ || rest_.empty()) return false;
  uint64_t tag = 0;
  if (!ReadVarint(&tag)) return ok_ = false;
  const uint64_t field = tag >> 3;
  if (field == 0 || field > kMaxFieldNumber) return ok_ = false;
  field_ = static_cast<uint32_t>(field);
  return ok_ = ReadValue(static_cast<uint32_t>(tag & 7));
}

bool WireReader::ReadValue(uint32_t wire_type) {
  switch (wire_type) {
    case static_cast<uint32_t>(Type::kVarint):
      type_ = Type::kVarint;
      return ReadVarint(&number_);
    case static_cast<uint32_t>(Type::kFixed64):
      type_ = Type::kFixed64;
      return ReadFixed(8);
    case static_cast<uint32_t>(Type::kBytes): {
      type_ = Type::kBytes;
      uint64_t size = 0;
      if (!ReadVarint(&size) || size > rest_.size()) return false;
      bytes_ = rest_.substr(0, static_cast<size_t>(size));
      rest_.remove_prefix(static_cast<size_t>(size));
      return true;
    }
    case static_cast<uint32_t>(Type::kFixed32):
      type_ = Type::kFixed32;
      return ReadFixed(4);
    default:
      return false;
  }
}

bool WireReader::ReadVarint(uint64_t* value) {
  uint64_t result = 0;
  for (size_t i = 0; i < kMaxVarintBytes && i < rest_.size(); ++i) {
    const uint64_t byte = static_cast<unsigned char>(rest_[i]);
    result |= (byte & 0x7f) << (7 * i);  // what does not fit falls off, as in protobuf
    if (byte < 0x80) {
      rest_.remove_prefix(i + 1);
      *value = result;
      return true;
    }
  }
  return false;
}

bool WireReader::ReadFixed(size_t size) {
  if (rest_.size() < size) return false;
  number_ = 0;
  for (size_t i = 0; i < size; ++i) {
    number_ |= static_cast<uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
  }
  rest_.remove_prefix(size);
  return true;
}

}  // namespace mesh::xds
