#include "mesh/wire/channel_target.h"

#include <arpa/inet.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace mesh::wire {
namespace {

bool IsIpv4(absl::string_view host) {
  in_addr parsed;
  return inet_pton(AF_INET, std::string(host).c_str(), &parsed) == 1;
}

}  // namespace

std::string EndpointTarget(absl::string_view address) {
  absl::string_view rest = address;
  if (absl::ConsumePrefix(&rest, "unix:")) {
    if (absl::StartsWith(rest, "/") && !absl::StartsWith(rest, "//")) {
      return absl::StrCat("unix://", rest);
    }
    return std::string(address);
  }
  if (absl::StartsWith(address, "unix-abstract:")) return std::string(address);
  const size_t colon = address.rfind(':');
  const absl::string_view host = address.substr(0, colon);
  if (colon != absl::string_view::npos && absl::StartsWith(host, "[") &&
      absl::EndsWith(host, "]")) {
    return absl::StrCat("ipv6:///%5B", host.substr(1, host.size() - 2), "%5D",
                        address.substr(colon));
  }
  return absl::StrCat(IsIpv4(host) ? "ipv4:///" : "dns:///", address);
}

std::string ServerTarget(absl::string_view server_uri) {
  if (!absl::ConsumePrefix(&server_uri, "passthrough:///")) {
    absl::ConsumePrefix(&server_uri, "passthrough:");
  }
  return std::string(server_uri);
}

}  // namespace mesh::wire
