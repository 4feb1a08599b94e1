#ifndef MESH_BASE_FIELD_ERRORS_H_
#define MESH_BASE_FIELD_ERRORS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mesh {

// Collects every error of a nested value, each with the path of the field it is about, such as
// `endpoints[2].lb_endpoints[0].address: port 70000 is out of range`. Of a hostile value it keeps
// little: the first kMost, each cut to kMostText bytes. Thread-compatible.
class FieldErrors {
 public:
  static constexpr size_t kMost = 100;
  static constexpr size_t kMostText = 2000;

  // Appends a path element while it lives: "name" is joined by a dot, "[3]" is not.
  class Scope {
   public:
    Scope(FieldErrors* errors, absl::string_view element);
    // The element `name[index]`.
    Scope(FieldErrors* errors, absl::string_view name, size_t index);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    FieldErrors* const errors_;
    const size_t length_;
  };

  // Notes an error of the field that the scopes name now.
  void Add(absl::string_view cause);
  // Notes an error of the field `element` below it.
  void Add(absl::string_view element, absl::string_view cause);

  // Notes the errors of `other` too, with the paths that they have there.
  void Merge(const FieldErrors& other);

  bool ok() const { return count_ == 0; }
  // How many were noted, kept or not.
  size_t size() const { return count_; }
  // Whether there are so many that nobody needs to look for more.
  bool too_many() const { return count_ >= kMost; }
  // Those that were kept.
  const std::vector<std::string>& errors() const { return errors_; }
  // The path that the scopes name now.
  const std::string& path() const { return path_; }
  // OK, or an error with `prefix`, a colon, and all errors joined by "; " (the first 20 in full,
  // then how many more, at least).
  absl::Status ToStatus(absl::StatusCode code, absl::string_view prefix) const;

 private:
  friend class Scope;
  std::string path_;
  std::vector<std::string> errors_;
  size_t count_ = 0;
};

}  // namespace mesh

#endif  // MESH_BASE_FIELD_ERRORS_H_
