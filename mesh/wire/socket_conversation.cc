#include "mesh/wire/socket_conversation.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"

namespace mesh::wire {
namespace {

constexpr size_t kPiece = 4096;
// How much is heard before others get their turn.
constexpr int kPiecesPerTurn = 4;

// `connect: Connection refused`.
ProbeResult Failed(int error, absl::string_view what) {
  return {ProbeOutcome::kNetwork, std::string(absl::ErrnoToStatus(error, what).message())};
}

bool WouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

SocketConversation::SocketConversation(const SocketAddress& address,
                                       std::unique_ptr<ProbeDialogue> dialogue)
    : address_(address), dialogue_(std::move(dialogue)), unsent_(dialogue_->Request()) {}

SocketConversation::~SocketConversation() {
  if (fd_ >= 0) close(fd_);
}

short SocketConversation::events() const { return sent_ ? POLLIN : POLLOUT; }  // NOLINT

std::optional<ProbeResult> SocketConversation::Start() {
  fd_ = socket(address_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return Failed(errno, "socket");
  if (connect(fd_, address_.raw(), address_.length) == 0) {
    connected_ = true;
    return Continue();
  }
  if (errno == EINPROGRESS || errno == EINTR) return std::nullopt;
  return Failed(errno, "connect");
}

std::optional<ProbeResult> SocketConversation::Continue() {
  std::optional<ProbeResult> result;
  if (!connected_) result = Connected();
  if (!result.has_value() && !sent_) result = Send();
  if (!result.has_value() && sent_) result = Receive();
  return result;
}

std::optional<ProbeResult> SocketConversation::Connected() {
  int error = 0;
  socklen_t length = sizeof(error);
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0) return Failed(error, "connect");
  connected_ = true;
  return std::nullopt;
}

std::optional<ProbeResult> SocketConversation::Send() {
  while (!unsent_.empty()) {
    const ssize_t size = send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (size < 0 && WouldBlock(errno)) return std::nullopt;
    if (size < 0 && errno != EINTR) return Failed(errno, "send");
    if (size > 0) unsent_.erase(0, static_cast<size_t>(size));
  }
  sent_ = true;
  return dialogue_->Hear("");
}

std::optional<ProbeResult> SocketConversation::Receive() {
  char piece[kPiece];
  for (int i = 0; i < kPiecesPerTurn; ++i) {
    const ssize_t size = recv(fd_, piece, sizeof(piece), 0);
    if (size < 0 && WouldBlock(errno)) return std::nullopt;
    if (size < 0 && errno != EINTR) return Failed(errno, "receive");
    if (size == 0) return dialogue_->End();
    if (size < 0) continue;
    std::optional<ProbeResult> result =
        dialogue_->Hear(absl::string_view(piece, static_cast<size_t>(size)));
    if (result.has_value()) return result;
  }
  return std::nullopt;
}

}  // namespace mesh::wire
