#ifndef MESH_XDS_NACK_H_
#define MESH_XDS_NACK_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace mesh::xds {

// Collects what is wrong with the resources of a response, for its one error_detail. Every bad
// resource is named; of very many the causes are left out, since the message travels often, and
// past a megabyte the names, since a server may not take more than four. Thread-compatible.
class Nack {
 public:
  // `type` is the type's short name; it must outlive the collection.
  Nack(absl::string_view type, size_t resources) : type_(type), resources_(resources) {}

  // `index` stands for a resource without a name.
  void Add(size_t index, absl::string_view name, absl::string_view cause) {
    if (++bad_ > 1 && text_.size() >= kTextBytes) return;
    ++named_;
    absl::StrAppend(&text_, bad_ == 1 ? "" : "; ");
    if (name.empty()) {
      absl::StrAppend(&text_, "resources[", index, "]");
    } else {
      absl::StrAppend(&text_, type_, " \"", name, "\"");
    }
    if (text_.size() < kFullTextBytes) absl::StrAppend(&text_, ": ", cause);
  }

  // OK if nothing was added.
  absl::Status ToStatus() const {
    if (bad_ == 0) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(bad_, " of ", resources_, " resources rejected: ", text_,
                     named_ < bad_ ? absl::StrCat("; and ", bad_ - named_, " more") : ""));
  }

 private:
  static constexpr size_t kFullTextBytes = 16 << 10;
  static constexpr size_t kTextBytes = 1 << 20;

  const absl::string_view type_;
  const size_t resources_;
  size_t bad_ = 0;
  size_t named_ = 0;
  std::string text_;
};

}  // namespace mesh::xds

#endif  // MESH_XDS_NACK_H_
