#ifndef TESTS_WIRE_SILENT_LISTENER_H_
#define TESTS_WIRE_SILENT_LISTENER_H_

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace mesh::testing {

// A loopback address that never answers a connection attempt: a listener which accepts nothing,
// with its backlog full. Thread-compatible.
class SilentListener {
 public:
  SilentListener() {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    const int listener = Socket();
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener, raw, length) != 0 || listen(listener, 0) != 0 ||
        getsockname(listener, raw, &length) != 0) {
      return;
    }
    for (int i = 0; i < 4; ++i) static_cast<void>(connect(Socket(), raw, length));
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  }
  ~SilentListener() {
    for (int socket : sockets_) close(socket);
  }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;

  // Empty when there is no such socket to be had.
  const std::string& address() const { return address_; }

 private:
  int Socket() {
    sockets_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    return sockets_.back();
  }

  std::vector<int> sockets_;
  std::string address_;
};

}  // namespace mesh::testing

#endif  // TESTS_WIRE_SILENT_LISTENER_H_
