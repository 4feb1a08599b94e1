#include "mesh/wire/socket_address.h"

#include <netdb.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace mesh::wire {
namespace {

// `prefix` is what sun_path begins with: nothing, or the zero of an abstract name.
absl::StatusOr<SocketAddress> UnixAddress(absl::string_view prefix, absl::string_view name) {
  SocketAddress address;
  sockaddr_un raw = {};
  raw.sun_family = AF_UNIX;
  if (name.empty()) return absl::InvalidArgumentError("the path is empty");
  if (prefix.size() + name.size() >= sizeof(raw.sun_path)) {
    return absl::InvalidArgumentError("the path is too long");
  }
  memcpy(raw.sun_path, prefix.data(), prefix.size());
  memcpy(raw.sun_path + prefix.size(), name.data(), name.size());
  memcpy(&address.storage, &raw, sizeof(raw));
  address.length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + prefix.size() + name.size());
  // A path ends with a zero, an abstract name does not.
  if (prefix.empty()) ++address.length;
  return address;
}

absl::StatusOr<SocketAddress> InternetAddress(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return absl::InvalidArgumentError("there is no port");
  absl::string_view host = text.substr(0, colon);
  const bool brackets = absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]");
  addrinfo hints = {};
  hints.ai_family = brackets ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port(text.substr(colon + 1));
  // Only numbers: it looks nothing up, and does not block.
  if (host.empty() || port.empty() ||
      getaddrinfo(std::string(host).c_str(), port.c_str(), &hints, &found) != 0) {
    return absl::InvalidArgumentError("it is no IP address and port");
  }
  SocketAddress address;
  memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

}  // namespace

absl::StatusOr<SocketAddress> SocketAddress::Parse(absl::string_view text) {
  if (absl::ConsumePrefix(&text, "unix-abstract:")) {
    return UnixAddress(absl::string_view("\0", 1), text);
  }
  if (absl::ConsumePrefix(&text, "unix:")) {
    if (absl::StartsWith(text, "///")) text.remove_prefix(2);
    return UnixAddress("", text);
  }
  return InternetAddress(text);
}

}  // namespace mesh::wire
