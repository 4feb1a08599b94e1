#include "tests/fuzz/wire_mutator.h"

#include <utility>

#include "mesh/xds/wire_format.h"

namespace mesh::fuzz {
namespace {

using xds::WireReader;

constexpr int kMaxDepth = 16;

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

void AppendFixed(uint64_t value, int size, std::string* out) {
  for (int i = 0; i < size; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace

bool WireMutator::Split(absl::string_view bytes, std::vector<Field>* fields) {
  WireReader reader(bytes);
  while (reader.Next()) {
    Field field;
    field.number = reader.field();
    field.wire_type = static_cast<int>(reader.type());
    if (reader.type() == WireReader::Type::kBytes) {
      field.bytes = std::string(reader.bytes());
    } else {
      field.value = reader.number();
    }
    fields->push_back(std::move(field));
  }
  return reader.ok() && !fields->empty();
}

std::string WireMutator::Join(const std::vector<Field>& fields) {
  std::string out;
  for (const Field& field : fields) {
    AppendVarint(uint64_t{field.number} << 3 | static_cast<uint64_t>(field.wire_type), &out);
    switch (static_cast<WireReader::Type>(field.wire_type)) {
      case WireReader::Type::kVarint:
        AppendVarint(field.value, &out);
        break;
      case WireReader::Type::kFixed64:
        AppendFixed(field.value, 8, &out);
        break;
      case WireReader::Type::kFixed32:
        AppendFixed(field.value, 4, &out);
        break;
      case WireReader::Type::kBytes:
        AppendVarint(field.bytes.size(), &out);
        out += field.bytes;
        break;
    }
  }
  return out;
}

std::string WireMutator::Mutate(absl::string_view bytes) {
  whole_ = bytes;
  return MutateAt(bytes, 0);
}

std::string WireMutator::MutateAt(absl::string_view bytes, int depth) {
  std::vector<Field> fields;
  if (depth > kMaxDepth || !Split(bytes, &fields)) return leaf_(std::string(bytes));
  // Mostly on the way down: there is more below than there is here.
  if (Below(4) != 0) {
    MutateField(&fields[Below(fields.size())], depth);
  } else {
    Rearrange(&fields);
  }
  return Join(fields);
}

void WireMutator::MutateField(Field* field, int depth) {
  if (static_cast<WireReader::Type>(field->wire_type) != WireReader::Type::kBytes) {
    field->value = MutateNumber(field->value);
  } else if (Below(8) == 0) {
    field->bytes = leaf_(std::move(field->bytes));
  } else {
    field->bytes = MutateAt(field->bytes, depth + 1);
  }
}

uint64_t WireMutator::MutateNumber(uint64_t value) {
  switch (Below(4)) {
    case 0:
      return value + 1 - 2 * Below(2);
    case 1:
      return uint64_t{1} << Below(64);
    case 2:
      return Below(300);
    default:
      return value ^ (uint64_t{1} << Below(64));
  }
}

void WireMutator::Rearrange(std::vector<Field>* fields) {
  const size_t at = Below(fields->size());
  switch (Below(6)) {
    case 0:
      fields->erase(fields->begin() + at);
      break;
    case 1:
      fields->insert(fields->begin() + at, Field((*fields)[at]));
      break;
    case 2:
      std::swap((*fields)[at], (*fields)[Below(fields->size())]);
      break;
    case 3:
      (*fields)[at].number = 1 + Below(Below(4) == 0 ? 50 : 12);
      break;
    case 4:
      fields->insert(fields->begin() + at, Donor(whole_));
      break;
    default:
      fields->insert(fields->begin() + at, 1 + Below(40), Field((*fields)[at]));
      break;
  }
}

WireMutator::Field WireMutator::Donor(absl::string_view bytes) {
  std::vector<Field> fields;
  Split(bytes, &fields);  // not empty: the caller found fields in it
  Field field = std::move(fields[Below(fields.size())]);
  for (int depth = 0; depth < kMaxDepth && Below(4) != 0; ++depth) {
    std::vector<Field> inner;
    if (!Split(field.bytes, &inner)) break;
    field = std::move(inner[Below(inner.size())]);
  }
  return field;
}

std::string MutateBytes(std::string bytes, std::mt19937* random) {
  for (size_t changes = 1 + (*random)() % 4; changes > 0; --changes) {
    const size_t at = (*random)() % (bytes.size() + 1);
    if ((*random)() % 4 == 0 || at == bytes.size()) {
      bytes.insert(bytes.begin() + at, static_cast<char>((*random)()));
    } else if ((*random)() % 4 == 0) {
      bytes.erase(bytes.begin() + at);
    } else {
      bytes[at] = static_cast<char>((*random)());
    }
  }
  return bytes;
}

}  // namespace mesh::fuzz
