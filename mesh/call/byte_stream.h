#ifndef MESH_CALL_BYTE_STREAM_H_
#define MESH_CALL_BYTE_STREAM_H_

#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "absl/strings/cord.h"
#include "mesh/call/exchange.h"

namespace mesh::call {

// The seam beneath managed streams, as Exchange is beneath unary attempts: one stream of messages
// with one server, both ways. It knows no gRPC type.

// A stream in flight. It keeps itself until its end. Callbacks run under no lock: on a thread of
// the transport's or, once the stream has ended, inside the call that was given them. Thread-safe.
class ByteStream {
 public:
  // False: it was not sent, the stream is at its end.
  using OnSent = absl::AnyInvocable<void(bool ok)>;
  // Nothing: there are no more messages.
  using OnReceived = absl::AnyInvocable<void(std::optional<absl::Cord>)>;

  virtual ~ByteStream() = default;

  // Sends a message, and ends the sending side with it if it is the `last`.
  // REQUIRES: the stream has started; nothing that was to be sent is pending.
  virtual void Send(absl::Cord message, bool last, OnSent on_sent) = 0;
  // Ends the sending side. REQUIRES: as for Send().
  virtual void CloseSending(OnSent on_sent) = 0;
  // REQUIRES: the stream has started; no other Receive() is pending.
  virtual void Receive(OnReceived on_received) = 0;
  // Ends it soon with CANCELLED, if nothing else has ended it.
  virtual void Cancel() = 0;
};

// What a stream tells by itself.
struct ByteStreamEvents {
  // Once. True: the request's metadata were sent. False: they will not be, the end will come.
  absl::AnyInvocable<void(bool ok)> on_started;
  // Once, before the end; not if the server sends none.
  absl::AnyInvocable<void(Metadata)> on_initial_metadata;
  // Once, last of all: no other callback of the stream is pending or will run. Without body.
  absl::AnyInvocable<void(ExchangeResponse)> on_end;
};

// Makes the attempts of one streaming call. It must outlive them. Thread-safe.
class StreamTransport {
 public:
  virtual ~StreamTransport() = default;

  // Begins a stream; the body of `request` is not used. No event comes inside it. Null, and no
  // event comes, if the mesh is gone.
  virtual std::shared_ptr<ByteStream> Start(ExchangeRequest request, wire::Connection& connection,
                                            ByteStreamEvents events) = 0;
};

}  // namespace mesh::call

#endif  // MESH_CALL_BYTE_STREAM_H_
