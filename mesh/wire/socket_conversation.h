#ifndef MESH_WIRE_SOCKET_CONVERSATION_H_
#define MESH_WIRE_SOCKET_CONVERSATION_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "mesh/wire/probe_dialogue.h"
#include "mesh/wire/prober.h"
#include "mesh/wire/socket_address.h"

namespace mesh::wire {

// A dialogue over a socket of its own, which never blocks:
//
//   connecting ──► sending ──► hearing ──► result
//
// Its destruction closes the socket. Thread-compatible.
class SocketConversation {
 public:
  SocketConversation(const SocketAddress& address, std::unique_ptr<ProbeDialogue> dialogue);
  ~SocketConversation();
  SocketConversation(const SocketConversation&) = delete;
  SocketConversation& operator=(const SocketConversation&) = delete;

  // Begins to connect. A result, here and below, ends the conversation.
  std::optional<ProbeResult> Start();
  // Goes on as far as it gets. Call it when poll() has found one of events() on fd().
  std::optional<ProbeResult> Continue();

  int fd() const { return fd_; }  // from Start() on
  short events() const;           // NOLINT: poll()'s type
  bool connected() const { return connected_; }

 private:
  std::optional<ProbeResult> Connected();
  std::optional<ProbeResult> Send();
  std::optional<ProbeResult> Receive();

  const SocketAddress address_;
  const std::unique_ptr<ProbeDialogue> dialogue_;
  int fd_ = -1;
  bool connected_ = false;
  bool sent_ = false;
  std::string unsent_;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_SOCKET_CONVERSATION_H_
