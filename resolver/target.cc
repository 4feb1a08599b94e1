#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "resolver/resolver.h"

namespace mesh::resolver {
namespace {

bool IsSchemeCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' || c == '.';
}

// What is not a percent-encoding stays as it is, as in gRPC.
std::string PercentDecoded(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      decoded += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

absl::Status Bad(absl::string_view target, absl::string_view cause) {
  return absl::InvalidArgumentError(
      absl::StrCat("target \"", absl::CEscape(target), "\": ", cause));
}

}  // namespace

absl::StatusOr<Target> Target::Parse(absl::string_view target) {
  if (target.empty()) return Bad(target, "it is empty");
  const size_t colon = target.find(':');
  size_t scheme_size = 0;
  while (scheme_size < target.size() && IsSchemeCharacter(target[scheme_size])) ++scheme_size;
  if (colon == absl::string_view::npos || scheme_size != colon || colon == 0) {
    return Bad(target, "no scheme (known: xds, dns, static)");
  }
  Target parsed;
  parsed.scheme = absl::AsciiStrToLower(target.substr(0, colon));
  if (parsed.scheme != "xds" && parsed.scheme != "dns" && parsed.scheme != "static") {
    return Bad(target, absl::StrCat("unknown scheme \"", target.substr(0, colon),
                                    "\" (known: xds, dns, static)"));
  }
  absl::string_view rest = target.substr(colon + 1);
  if (rest.find_first_of("?#") != absl::string_view::npos) {
    return Bad(target, "a query or a fragment means nothing here; write %3F for ?, %23 for #");
  }
  if (absl::ConsumePrefix(&rest, "//")) {
    const size_t slash = rest.find('/');
    if (slash == absl::string_view::npos) {
      return Bad(target, absl::StrCat("no name after the authority \"", rest, "\"; write ",
                                      parsed.scheme, ":///", rest, " if it is the name"));
    }
    parsed.authority = PercentDecoded(rest.substr(0, slash));
    rest.remove_prefix(slash);
  }
  absl::ConsumePrefix(&rest, "/");
  parsed.name = PercentDecoded(rest);
  if (parsed.name.empty()) return Bad(target, "the name is empty");
  if (parsed.scheme == "static" && !parsed.authority.empty()) {
    return Bad(target, absl::StrCat("a static target has no authority, but this one has \"",
                                    parsed.authority, "\""));
  }
  return parsed;
}

}  // namespace mesh::resolver
