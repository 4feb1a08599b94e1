#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "resolver/xds/xds_resolver.h"

namespace mesh::resolver {
namespace {

// What may stand in the path of an `xdstp:` name as it is (RFC 3986, pchar and `/`).
bool StandsForItself(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("-._~!$&'()*+,;=:@/").find(c) != absl::string_view::npos;
}

std::string PercentEncoded(absl::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (StandsForItself(c)) {
      encoded.push_back(c);
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace

std::string ListenerName(absl::string_view name_template, absl::string_view target_name) {
  const bool encode = absl::StartsWith(name_template, "xdstp:");
  return absl::StrReplaceAll(
      name_template, {{"%s", encode ? PercentEncoded(target_name) : std::string(target_name)}});
}

}  // namespace mesh::resolver
