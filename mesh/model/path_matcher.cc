#include "mesh/model/path_matcher.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "re2/re2.h"

namespace mesh::model {
namespace {

// Bounds both what an expression compiles to and the cache that matching builds. A control plane
// is trusted to route, not to exhaust memory: a large route table has thousands of expressions.
constexpr int64_t kMaxRegexMemory = 1 << 20;  // bytes

absl::string_view Name(PathMatcher::Kind kind) {
  switch (kind) {
    case PathMatcher::Kind::kPrefix:
      return "prefix";
    case PathMatcher::Kind::kExact:
      return "exact";
    case PathMatcher::Kind::kRegex:
      return "regex";
  }
  return "unknown";
}

}  // namespace

PathMatcher PathMatcher::Prefix(absl::string_view prefix, bool case_sensitive) {
  PathMatcher matcher;
  matcher.kind_ = Kind::kPrefix;
  matcher.case_sensitive_ = case_sensitive;
  matcher.text_ = std::string(prefix);
  return matcher;
}

PathMatcher PathMatcher::Exact(absl::string_view path, bool case_sensitive) {
  PathMatcher matcher;
  matcher.kind_ = Kind::kExact;
  matcher.case_sensitive_ = case_sensitive;
  matcher.text_ = std::string(path);
  return matcher;
}

absl::StatusOr<PathMatcher> PathMatcher::Regex(absl::string_view expression) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexMemory);
  options.set_never_capture(true);
  auto regex = std::make_shared<const re2::RE2>(
      re2::StringPiece(expression.data(), expression.size()), options);
  if (!regex->ok()) {
    return absl::InvalidArgumentError(absl::StrCat("regex \"", expression, "\": ", regex->error()));
  }
  PathMatcher matcher;
  matcher.kind_ = Kind::kRegex;
  matcher.text_ = std::string(expression);
  matcher.regex_ = std::move(regex);
  return matcher;
}

bool PathMatcher::Matches(absl::string_view path) const {
  switch (kind_) {
    case Kind::kPrefix:
      if (text_ == "/") return true;
      return case_sensitive_ ? absl::StartsWith(path, text_)
                             : absl::StartsWithIgnoreCase(path, text_);
    case Kind::kExact:
      return case_sensitive_ ? path == text_ : absl::EqualsIgnoreCase(path, text_);
    case Kind::kRegex:
      return re2::RE2::FullMatch(re2::StringPiece(path.data(), path.size()), *regex_);
  }
  return false;
}

std::string PathMatcher::Mismatch(absl::string_view path) const {
  if (Matches(path)) return "";
  if (kind_ == Kind::kRegex) {
    const bool part = re2::RE2::PartialMatch(re2::StringPiece(path.data(), path.size()), *regex_);
    return part ? "the expression matches only a part of the path"
                : "the expression does not match the path";
  }
  if (case_sensitive_) {
    PathMatcher any_case = *this;
    any_case.case_sensitive_ = false;
    if (any_case.Matches(path)) return "the path differs in letter case";
  }
  return kind_ == Kind::kExact ? "the path is another" : "the path begins otherwise";
}

size_t PathMatcher::program_size() const {
  return regex_ == nullptr ? 0 : static_cast<size_t>(std::max(regex_->ProgramSize(), 0));
}

std::string PathMatcher::ToString() const {
  return absl::StrCat(Name(kind_), " \"", text_, "\"", case_sensitive_ ? "" : ", ignoring case");
}

}  // namespace mesh::model
