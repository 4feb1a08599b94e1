#include "tests/wire/scripted_listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mesh/wire/socket_address.h"

namespace mesh::testing {
namespace {

int PortOf(int socket, int family) {
  sockaddr_storage storage = {};
  socklen_t length = sizeof(storage);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return 0;
  if (family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
  return ntohs(reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port);
}

}  // namespace

ScriptedListener::ScriptedListener(Script script, const std::string& address)
    : script_(std::move(script)) {
  const auto parsed = wire::SocketAddress::Parse(address);
  if (!parsed.ok() || pipe(stop_) != 0) return;
  listener_ = socket(parsed->family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener_, parsed->raw(), parsed->length) != 0 || listen(listener_, SOMAXCONN) != 0) {
    return;
  }
  address_ = address;
  if (parsed->family() != AF_UNIX) {
    address_ = absl::StrCat(address.substr(0, address.rfind(':')), ":",
                            PortOf(listener_, parsed->family()));
  }
  thread_ = std::thread([this] { Run(); });
}

ScriptedListener::~ScriptedListener() {
  if (thread_.joinable()) {
    close(std::exchange(stop_[1], -1));
    thread_.join();
  }
  for (const int fd : {listener_, stop_[0], stop_[1]}) {
    if (fd >= 0) close(fd);
  }
}

std::string ScriptedListener::heard() {
  MutexLock lock(&mutex_);
  return heard_;
}

void ScriptedListener::WaitForEnded(size_t connections) {
  MutexLock lock(&mutex_);
  while (ended_ < connections) changed_.Wait(&mutex_);
}

size_t ScriptedListener::accepted() {
  MutexLock lock(&mutex_);
  return accepted_;
}

size_t ScriptedListener::most_at_a_time() {
  MutexLock lock(&mutex_);
  return most_;
}

void ScriptedListener::Run() {
  for (;;) {
    std::vector<pollfd> fds = {{stop_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& [fd, peer] : peers_) fds.push_back({fd, POLLIN, 0});
    poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) break;
    for (size_t i = 2; i < fds.size(); ++i) {
      if (fds[i].revents == 0) continue;
      const auto peer = peers_.find(fds[i].fd);
      if (Serve(fds[i].fd, &peer->second)) continue;
      close(fds[i].fd);
      MutexLock lock(&mutex_);
      heard_ = std::move(peer->second.heard);
      ++ended_;
      changed_.SignalAll();
      peers_.erase(peer);
    }
    if (fds[1].revents != 0) Accept();
  }
  for (const auto& [fd, peer] : peers_) close(fd);
}

void ScriptedListener::Accept() {
  const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  Peer& peer = peers_[fd];
  if (script_.awaited.empty()) Answer(fd, &peer);
  MutexLock lock(&mutex_);
  ++accepted_;
  most_ = std::max(most_, peers_.size());
}

bool ScriptedListener::Serve(int fd, Peer* peer) {
  char bytes[4096];
  const ssize_t size = recv(fd, bytes, sizeof(bytes), 0);
  if (size <= 0) return false;
  peer->heard.append(bytes, static_cast<size_t>(size));
  if (!peer->answered && absl::StrContains(peer->heard, script_.awaited)) Answer(fd, peer);
  return true;
}

void ScriptedListener::Answer(int fd, Peer* peer) {
  peer->answered = true;
  for (const char byte : script_.answer) static_cast<void>(!send(fd, &byte, 1, MSG_NOSIGNAL));
  if (script_.hangs_up) shutdown(fd, SHUT_WR);
}

}  // namespace mesh::testing
