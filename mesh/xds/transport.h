#ifndef MESH_XDS_TRANSPORT_H_
#define MESH_XDS_TRANSPORT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mesh/xds/bootstrap.h"

namespace mesh::xds {

// A bidirectional stream of messages, as bytes, to one control plane. Destroying it cancels it;
// its observer hears nothing afterwards. Serializer-bound.
class AdsStream {
 public:
  // All calls are made on the serializer, never inside a call of the stream.
  class Observer {
   public:
    virtual ~Observer() = default;
    // A sent message has been handed to a connected transport.
    virtual void OnSent() = 0;
    // The answer to Read().
    virtual void OnMessage(std::string bytes) = 0;
    // The stream ended, whatever the status. The last call.
    virtual void OnClosed(const absl::Status& status) = 0;
  };

  virtual ~AdsStream() = default;
  // Sends after what was sent before. One OnSent() follows for each message unless the stream
  // ends first.
  virtual void Send(std::string bytes) = 0;
  // Asks for the next message: this is the flow control. REQUIRES: the last Read() was answered.
  virtual void Read() = 0;
};

// A connection to one control plane; destroying it closes it. Serializer-bound.
class AdsTransport {
 public:
  virtual ~AdsTransport() = default;
  // `method` is the full path of a bidirectional streaming method. The call waits until the
  // server can be reached, or fails as soon as it is known that it cannot.
  virtual std::unique_ptr<AdsStream> Open(absl::string_view method,
                                          AdsStream::Observer* observer) = 0;
};

// Makes transports. Serializer-bound.
class AdsTransportFactory {
 public:
  virtual ~AdsTransportFactory() = default;
  // Error: the server's configuration cannot be honoured (credentials, address).
  virtual absl::StatusOr<std::unique_ptr<AdsTransport>> Create(const ServerConfig& server) = 0;
};

}  // namespace mesh::xds

#endif  // MESH_XDS_TRANSPORT_H_
