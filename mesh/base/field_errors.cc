#include "mesh/base/field_errors.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace mesh {
namespace {

constexpr size_t kErrorsInFull = 20;  // more would not be read, and a NACK travels often

void AppendElement(absl::string_view element, std::string* path) {
  const bool joined = !path->empty() && !element.empty() && element.front() != '[';
  absl::StrAppend(path, joined ? "." : "", element);
}

std::string Error(absl::string_view path, absl::string_view cause) {
  // The cause is what counts, where both do not fit.
  constexpr size_t kHalf = FieldErrors::kMostText / 2;
  cause = cause.substr(0, kHalf);
  return path.empty() ? std::string(cause) : absl::StrCat(path.substr(0, kHalf - 2), ": ", cause);
}

}  // namespace

FieldErrors::Scope::Scope(FieldErrors* errors, absl::string_view element)
    : errors_(errors), length_(errors->path_.size()) {
  AppendElement(element, &errors_->path_);
}

FieldErrors::Scope::Scope(FieldErrors* errors, absl::string_view name, size_t index)
    : errors_(errors), length_(errors->path_.size()) {
  AppendElement(name, &errors_->path_);
  absl::StrAppend(&errors_->path_, "[", index, "]");
}

FieldErrors::Scope::~Scope() { errors_->path_.resize(length_); }

void FieldErrors::Add(absl::string_view cause) {
  if (++count_ <= kMost) errors_.push_back(Error(path_, cause));
}

void FieldErrors::Add(absl::string_view element, absl::string_view cause) {
  const Scope scope(this, element);
  Add(cause);
}

void FieldErrors::Merge(const FieldErrors& other) {
  count_ += other.count_;
  const size_t room = kMost - errors_.size();
  const auto begin = other.errors_.begin();
  errors_.insert(errors_.end(), begin, begin + std::min(room, other.errors_.size()));
}

absl::Status FieldErrors::ToStatus(absl::StatusCode code, absl::string_view prefix) const {
  if (ok()) return absl::OkStatus();
  std::string text(prefix);
  const size_t shown = std::min(errors_.size(), kErrorsInFull);
  for (size_t i = 0; i < shown; ++i) {
    const absl::string_view joint = i > 0 ? "; " : prefix.empty() ? "" : ": ";
    absl::StrAppend(&text, joint, errors_[i]);
  }
  if (shown < count_) {
    absl::StrAppend(&text, "; and ", too_many() ? "at least " : "", count_ - shown, " more");
  }
  return absl::Status(code, text);
}

}  // namespace mesh
