#ifndef MESH_WIRE_SOCKET_ADDRESS_H_
#define MESH_WIRE_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mesh::wire {

// An endpoint's address for the system's calls. A value.
struct SocketAddress {
  // `10.0.0.1:80`, `[2001:db8::1]:80`, `[fe80::1%eth0]:80`, `unix:/path`, `unix-abstract:name`.
  // Asks no resolver: a name is an error. Errors say what is wrong, not with what.
  static absl::StatusOr<SocketAddress> Parse(absl::string_view text);

  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }

  sockaddr_storage storage = {};
  socklen_t length = 0;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_SOCKET_ADDRESS_H_
