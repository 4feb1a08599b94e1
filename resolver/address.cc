#include "resolver/address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace mesh::resolver {
namespace {

constexpr size_t kLongestName = 253;      // RFC 1035, as text
constexpr size_t kLongestUnixPath = 107;  // sockaddr_un, with its end

absl::Status Bad(absl::string_view cause) { return absl::InvalidArgumentError(cause); }

bool IsIpv4(const std::string& host) {
  in_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

// With a zone or without.
bool IsIpv6(absl::string_view host) {
  in6_addr address;
  const size_t percent = host.find('%');
  if (percent != absl::string_view::npos && percent + 1 == host.size()) return false;
  return inet_pton(AF_INET6, std::string(host.substr(0, percent)).c_str(), &address) == 1;
}

bool IsName(absl::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
  });
}

// Digits and dots alone are meant to be an IPv4 address.
bool LooksNumeric(absl::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '.';
  });
}

absl::StatusOr<uint16_t> ParsePort(absl::string_view text) {
  uint32_t port = 0;
  const bool is_digits = !text.empty() && absl::ascii_isdigit(static_cast<unsigned char>(text[0]));
  if (!is_digits || !absl::SimpleAtoi(text, &port)) {
    return Bad(absl::StrCat("\"", text, "\" is not a port"));
  }
  if (port == 0 || port > 65535) return Bad(absl::StrCat("port ", port, " is out of range"));
  return static_cast<uint16_t>(port);
}

absl::StatusOr<Address> ParseUnix(absl::string_view path) {
  absl::ConsumePrefix(&path, "//");
  if (path.empty()) return Bad("the path is empty");
  if (path.size() > kLongestUnixPath) {
    return Bad(absl::StrCat("the path is longer than ", kLongestUnixPath, " bytes"));
  }
  Address address;
  address.kind = Address::Kind::kUnix;
  address.host = std::string(path);
  return address;
}

// Sets kind and host, and finds the port, which is empty if there is none.
absl::Status SplitHost(absl::string_view text, Address* address,
                       std::optional<absl::string_view>* port) {
  if (absl::ConsumePrefix(&text, "[")) {
    const size_t end = text.find(']');
    if (end == absl::string_view::npos) return Bad("] is missing");
    address->kind = Address::Kind::kIpv6;
    address->host = std::string(text.substr(0, end));
    if (!IsIpv6(address->host)) {
      return Bad(absl::StrCat("\"", address->host, "\" is not an IPv6 address"));
    }
    text.remove_prefix(end + 1);
    if (text.empty()) return absl::OkStatus();
    if (text[0] != ':') return Bad("a colon is missing after ]");
    *port = text.substr(1);
    return absl::OkStatus();
  }
  const size_t colon = text.find(':');
  if (colon != text.rfind(':')) return Bad("an IPv6 address needs brackets: [address]:port");
  address->host = std::string(text.substr(0, colon));
  if (colon != absl::string_view::npos) *port = text.substr(colon + 1);
  if (address->host.empty()) return Bad("the host is empty");
  if (IsIpv4(address->host)) {
    address->kind = Address::Kind::kIpv4;
    return absl::OkStatus();
  }
  if (!IsName(address->host) || LooksNumeric(address->host)) {
    return Bad(absl::StrCat("\"", address->host, "\" is neither an address nor a name"));
  }
  if (address->host.size() > kLongestName) {
    return Bad(absl::StrCat("the name is longer than ", kLongestName, " bytes"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Address> Address::Parse(absl::string_view text,
                                       std::optional<uint16_t> default_port) {
  if (text.empty()) return Bad("it is empty");
  if (absl::ConsumePrefix(&text, "unix:")) return ParseUnix(text);
  Address address;
  std::optional<absl::string_view> port;
  const absl::Status split = SplitHost(text, &address, &port);
  if (!split.ok()) return split;
  if (!port.has_value()) {
    if (!default_port.has_value()) return Bad("the port is missing");
    address.port = *default_port;
    return address;
  }
  const absl::StatusOr<uint16_t> parsed = ParsePort(*port);
  if (!parsed.ok()) return parsed.status();
  address.port = *parsed;
  return address;
}

std::string Address::ToString() const {
  switch (kind) {
    case Kind::kUnix:
      return absl::StrCat("unix:", host);
    case Kind::kIpv6:
      return absl::StrCat("[", host, "]:", port);
    case Kind::kIpv4:
    case Kind::kName:
      break;
  }
  return absl::StrCat(host, ":", port);
}

}  // namespace mesh::resolver
