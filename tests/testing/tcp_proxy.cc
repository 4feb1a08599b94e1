#include "tests/testing/tcp_proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <list>
#include <vector>

#include "absl/strings/str_cat.h"

namespace mesh::testing {
namespace {

// How often what is late is looked at.
constexpr int kTickMs = 5;
// As a socket's buffer: more than that waits in the kernel.
constexpr size_t kMostBuffered = 1 << 20;

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

uint16_t PortOf(const std::string& address) {
  return static_cast<uint16_t>(std::atoi(address.c_str() + address.rfind(':') + 1));
}

}  // namespace

// One direction of a connection.
struct TcpProxy::Pipe {
  struct Piece {
    absl::Time due;
    std::string bytes;
  };

  bool open = true;  // for reading
  std::deque<Piece> pieces;
  size_t buffered = 0;

  // Reads what is there. False: the connection is to end.
  bool Read(int from, absl::Time due) {
    char buffer[16384];
    const ssize_t n = recv(from, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) {
      open = false;
    } else {
      pieces.push_back({due, std::string(buffer, n)});
      buffered += n;
    }
    return true;
  }

  // Writes what is due. False: the connection is to end.
  bool Write(int to, absl::Time now) {
    while (!pieces.empty() && pieces.front().due <= now) {
      std::string& bytes = pieces.front().bytes;
      const ssize_t n = send(to, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN || errno == EINTR;
      buffered -= n;
      if (static_cast<size_t>(n) < bytes.size()) {
        bytes.erase(0, n);
        return true;
      }
      pieces.pop_front();
    }
    return open || !pieces.empty();
  }
};

struct TcpProxy::Connection {
  int client = -1;
  int server = -1;  // -1: not yet
  Pipe up, down;

  ~Connection() {
    close(client);
    if (server >= 0) close(server);
  }
};

TcpProxy::TcpProxy(const std::string& target) : target_port_(PortOf(target)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      listen(listener_, 64) == 0 &&
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
    thread_ = std::thread([this] { Run(); });
  }
}

TcpProxy::~TcpProxy() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  close(listener_);
}

void TcpProxy::Run() {
  std::list<Connection> connections;
  while (!stop_) {
    std::vector<pollfd> polled = {{listener_, POLLIN, 0}};
    for (const Connection& connection : connections) {
      const auto want = [](const Pipe& pipe) -> short {
        return pipe.open && pipe.buffered < kMostBuffered ? POLLIN : 0;
      };
      polled.push_back({want(connection.up) != 0 ? connection.client : -1, POLLIN, 0});
      polled.push_back({want(connection.down) != 0 ? connection.server : -1, POLLIN, 0});
    }
    // A blackhole leaves what is sent where it is.
    const bool blackhole = blackhole_;
    poll(polled.data(), blackhole ? 1 : polled.size(), kTickMs);
    const absl::Time now = clock_.Now();
    const absl::Time due = now + absl::Milliseconds(delay_ms_.load());
    size_t index = 1;
    for (auto connection = connections.begin(); connection != connections.end() && !blackhole;) {
      bool lives = true;
      if (connection->server < 0) {
        connection->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in target = Loopback(target_port_);
        lives = connect(connection->server, reinterpret_cast<const sockaddr*>(&target),
                        sizeof target) == 0;
      }
      if (lives && polled[index].revents != 0) lives = connection->up.Read(connection->client, due);
      if (lives && polled[index + 1].revents != 0) {
        lives = connection->down.Read(connection->server, due);
      }
      lives = lives && connection->up.Write(connection->server, now) &&
              connection->down.Write(connection->client, now);
      index += 2;
      connection = lives ? std::next(connection) : connections.erase(connection);
    }
    if (polled[0].revents != 0) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client >= 0) {
        ++accepted_;
        connections.emplace_back();
        connections.back().client = client;
      }
    }
  }
}

}  // namespace mesh::testing
