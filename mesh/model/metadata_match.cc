#include "mesh/model/metadata_match.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mesh/base/hash64.h"

namespace mesh::model {

std::string JsonString(absl::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string json = "\"";
  json.reserve(text.size() + 2);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20) {
      json += "\\u00";
      json += kHex[byte >> 4];
      json += kHex[byte & 15];
    } else {
      json += c;
    }
  }
  return json + '"';
}

MetadataElements ElementsOf(absl::string_view value) {
  MetadataElements result;
  if (value.empty() || value.front() != '[') return result;
  result.is_list = true;
  value = value.substr(1, value.size() - 2);
  if (value.empty()) return result;
  int depth = 0;
  bool in_text = false;
  size_t begin = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      result.values.emplace_back(value.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  result.values.emplace_back(value.substr(begin));
  return result;
}

uint64_t HashOfKey(absl::string_view key) { return Hash64(key); }

uint64_t HashOfField(absl::string_view key, absl::string_view value) {
  return Hash64(value, Hash64(key));
}

MetadataMatch::MetadataMatch(MetadataFields fields, std::vector<MetadataMatch> alternatives)
    : alternatives_(std::move(alternatives)) {
  fields_.reserve(fields.size());
  for (auto& [key, value] : fields) {
    const uint64_t hash = HashOfField(key, value);
    const uint64_t key_hash = HashOfKey(key);
    fields_.push_back({std::move(key), std::move(value), key_hash, hash});
  }
}

std::string MetadataMatch::ToString() const {
  return absl::StrJoin(fields_, ", ", [](std::string* out, const Field& field) {
    absl::StrAppend(out, field.key, "=", field.value);
  });
}

bool MetadataMatch::operator==(const MetadataMatch& other) const {
  return std::equal(
             fields_.begin(), fields_.end(), other.fields_.begin(), other.fields_.end(),
             [](const Field& a, const Field& b) { return a.key == b.key && a.value == b.value; }) &&
         alternatives_ == other.alternatives_;
}

std::string ToString(const MetadataFields& fields) {
  return absl::StrJoin(fields, ", ", absl::PairFormatter("="));
}

}  // namespace mesh::model
