#ifndef MESH_MODEL_PATH_MATCHER_H_
#define MESH_MODEL_PATH_MATCHER_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace re2 {
class RE2;
}

namespace mesh::model {

// Decides whether a route takes a path such as `/package.Service/Method`. Immutable; cheap to
// copy. Thread-safe.
class PathMatcher {
 public:
  enum class Kind { kPrefix, kExact, kRegex };

  // Matches every path.
  PathMatcher() = default;
  // `""` and `/` match every path.
  static PathMatcher Prefix(absl::string_view prefix, bool case_sensitive = true);
  static PathMatcher Exact(absl::string_view path, bool case_sensitive = true);
  // RE2 syntax, matched against the whole path. Error: what RE2 says of a bad expression, or that
  // it is too large.
  static absl::StatusOr<PathMatcher> Regex(absl::string_view expression);

  bool Matches(absl::string_view path) const;
  // Why it does not match; empty if it does. Not for the call path.
  std::string Mismatch(absl::string_view path) const;

  Kind kind() const { return kind_; }
  // Of an expression, in RE2's instructions: what it takes of memory, about. 0: it is none.
  size_t program_size() const;
  // `prefix "/a."`, `exact "/a.B/C"`, `regex "..."`, with `, ignoring case` where it does.
  std::string ToString() const;

 private:
  Kind kind_ = Kind::kPrefix;
  bool case_sensitive_ = true;
  std::string text_;
  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace mesh::model

#endif  // MESH_MODEL_PATH_MATCHER_H_
