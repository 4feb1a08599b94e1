#ifndef TESTS_XDS_TEXT_RESOURCE_H_
#define TESTS_XDS_TEXT_RESOURCE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "mesh/xds/resource_type.h"

namespace mesh::testing {

// A resource that is a line of text, `name=value`. Immutable.
struct TextResource final : xds::Resource {
  explicit TextResource(std::string v) : value(std::move(v)) {}
  const std::string value;
};

// A type that the client has never heard of: text instead of protobuf. A value of "bad" (or
// "bad...") is an error, as is a line without `=`, which then has no name. `same` in place of a
// value keeps the previous one. Thread-compatible.
class TextResourceType final : public xds::ResourceType {
 public:
  TextResourceType(std::string type_url, bool absence_is_deletion)
      : type_url_(std::move(type_url)), absence_is_deletion_(absence_is_deletion) {}

  absl::string_view type_url() const override { return type_url_; }
  bool absence_is_deletion() const override { return absence_is_deletion_; }

  xds::DecodeResult Decode(absl::string_view bytes, Previous previous) const override {
    ++decoded_;
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(bytes, absl::MaxSplits('=', 1));
    if (bytes.find('=') == absl::string_view::npos) {
      return {"", nullptr, absl::InvalidArgumentError("no `=`")};
    }
    const auto& [name, value] = parts;
    if (absl::string_view(value).substr(0, 3) == "bad") {
      return {name, nullptr, absl::InvalidArgumentError(absl::StrCat("value: ", value))};
    }
    if (value.substr(0, 4) == "same") return {name, previous(name), absl::OkStatus()};
    return {name, std::make_shared<TextResource>(value), absl::OkStatus()};
  }

  // How many times Decode() was called.
  size_t decoded() const { return decoded_; }

 private:
  const std::string type_url_;
  const bool absence_is_deletion_;
  mutable size_t decoded_ = 0;  // the only thing that changes, for the test's eyes
};

}  // namespace mesh::testing

#endif  // TESTS_XDS_TEXT_RESOURCE_H_
