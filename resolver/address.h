#ifndef RESOLVER_ADDRESS_H_
#define RESOLVER_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mesh::resolver {

// Where a server listens, as text has it. Immutable value.
struct Address {
  enum class Kind { kIpv4, kIpv6, kName, kUnix };

  Kind kind = Kind::kName;
  std::string host;   // without brackets; the path if kUnix
  uint16_t port = 0;  // 0 if kUnix, else above 0

  // `10.0.0.1:80`, `[::1]:80`, `[fe80::1%eth0]:80`, `name:80`, `unix:/path`, `unix:///path`. The
  // port may be missing if there is a default for it. Errors say what is wrong, not with what.
  static absl::StatusOr<Address> Parse(absl::string_view text,
                                       std::optional<uint16_t> default_port = std::nullopt);

  // As model::EndpointConfig::address has it.
  std::string ToString() const;
};

}  // namespace mesh::resolver

#endif  // RESOLVER_ADDRESS_H_
