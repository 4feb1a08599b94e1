#ifndef MESH_WIRE_ADS_CALL_H_
#define MESH_WIRE_ADS_CALL_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "mesh/base/serializer.h"
#include "mesh/wire/pump.h"
#include "mesh/xds/transport.h"

namespace mesh::wire {

// The gRPC call of one AdsStream. It lives until its last operation has come back, which may be
// after its stream is gone.
//
//   starting ──ok──► streaming ──a read fails──► finishing ──► closed
//       │                └──a write fails──► reading ──▲
//       └─────────────────not ok───────────────────────┘
//
// A failed write says that the call is over, but what came before its end is still to be read: gRPC
// has no status for a call of which a message is unread.
//
// Serializer-bound: the pump's thread only posts what came back.
class AdsCall final : public std::enable_shared_from_this<AdsCall> {
 public:
  AdsCall(Pump* pump, Serializer* serializer, std::shared_ptr<grpc::Channel> channel,
          absl::string_view method, xds::AdsStream::Observer* observer);

  void Start();
  void Send(std::string bytes);
  void Read();
  // Cancels. The observer hears nothing any more.
  void Abandon();

 private:
  // An operation of one kind, which keeps the call while it is pending.
  class Operation final : public Pump::Tag {
   public:
    using Done = void (AdsCall::*)(bool ok);
    Operation(AdsCall* call, Done done) : call_(call), done_(done) {}
    Tag* Begin();
    bool pending() const { return pending_; }

   private:
    void OnEvent(bool ok) override;

    AdsCall* const call_;
    const Done done_;
    bool pending_ = false;           // serializer-bound
    std::shared_ptr<AdsCall> keep_;  // while gRPC has the tag
  };

  enum class State { kStarting, kStreaming, kReading, kFinishing };

  void OnStarted(bool ok);
  void OnWritten(bool ok);
  void OnRead(bool ok);
  void OnFinished(bool ok);
  void WriteNext();
  void ReadNext();
  void Finish();

  Pump* const pump_;
  Serializer* const serializer_;
  xds::AdsStream::Observer* observer_;  // null once abandoned or closed
  const std::string method_;
  // The context goes last: it keeps the channel and the call.
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  // Connecting must not wait for the cadence.
  std::optional<Pump::Hold> hold_;
  State state_ = State::kStarting;
  bool read_wanted_ = false;
  std::deque<std::string> unsent_;
  grpc::ByteBuffer received_;
  grpc::Status status_;
  Operation start_{this, &AdsCall::OnStarted};
  Operation write_{this, &AdsCall::OnWritten};
  Operation read_{this, &AdsCall::OnRead};
  Operation finish_{this, &AdsCall::OnFinished};
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_ADS_CALL_H_
