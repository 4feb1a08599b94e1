#ifndef MESH_MODEL_METADATA_MATCH_H_
#define MESH_MODEL_METADATA_MATCH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace mesh::model {

// Metadata for balancing (`envoy.lb`): keys, sorted and each once, with their values. A value is
// canonical JSON without spaces (`"v1"`, `7`, `true`, `["a","b"]`): two are the same, kind and all,
// if and only if their texts are.
using MetadataFields = std::vector<std::pair<std::string, std::string>>;

// The text of a value that is the string `text`.
std::string JsonString(absl::string_view text);
// The elements of a value if it is a list; `is_list` says whether it is.
struct MetadataElements {
  bool is_list = false;
  std::vector<std::string> values;
};
MetadataElements ElementsOf(absl::string_view value);

// What stands for a key, and for a key with its value, where sets of them are looked up: sets have
// the sum of their elements'.
uint64_t HashOfKey(absl::string_view key);
uint64_t HashOfField(absl::string_view key, absl::string_view value);

// The metadata that endpoints must have to take the calls of a route (envoy RouteAction's
// metadata_match). Immutable.
class MetadataMatch {
 public:
  static constexpr size_t kMostFields = 32;
  struct Field {
    std::string key;
    std::string value;
    uint64_t key_hash = 0;
    uint64_t hash = 0;
  };

  // REQUIRES: `fields` is sorted by key, each once, and has at most kMostFields.
  explicit MetadataMatch(MetadataFields fields, std::vector<MetadataMatch> alternatives = {});

  const std::vector<Field>& fields() const { return fields_; }
  // What is tried, one after the other, instead of this by clusters that obey the key
  // `fallback_list` (envoy cluster.proto, metadata_fallback_policy); empty where it is not there.
  const std::vector<MetadataMatch>& alternatives() const { return alternatives_; }
  // `stage="prod", version="v1"`.
  std::string ToString() const;

  bool operator==(const MetadataMatch& other) const;

 private:
  std::vector<Field> fields_;
  std::vector<MetadataMatch> alternatives_;
};

// `stage="prod", version="v1"`.
std::string ToString(const MetadataFields& fields);

}  // namespace mesh::model

#endif  // MESH_MODEL_METADATA_MATCH_H_
