#ifndef MESH_CALL_CALL_ACCESS_H_
#define MESH_CALL_CALL_ACCESS_H_

#include <map>
#include <string>
#include <typeinfo>

#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/impl/call.h"
#include "grpcpp/impl/call_op_set_interface.h"
#include "grpcpp/impl/channel_interface.h"
#include "grpcpp/impl/rpc_method.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/interceptor.h"
#include "grpcpp/support/status.h"

// The one door to what gRPC C++ keeps private. Everything that may break with a new gRPC is here
// and in call_access.cc, and breaks at compile time; the rest of the call path uses public API.
namespace mesh::call::call_access {

// Creates a call on a channel that we do not own the class of.
grpc::internal::Call CreateCall(grpc::ChannelInterface& channel,
                                const grpc::internal::RpcMethod& method,
                                grpc::ClientContext* context, grpc::CompletionQueue* queue);

// The queue on which the channel runs the callback API. It lives as long as the channel.
grpc::CompletionQueue* CallbackQueue(grpc::ChannelInterface& channel);

bool WaitsForReady(const grpc::ClientContext& context);

// The authority that the application set, empty if it set none; may be written.
std::string& Authority(grpc::ClientContext& context);

// Gives `to`, which has made no call yet, what `from` sends with a call: metadata, compression,
// credentials, census data, and the server call it descends from. Not: deadline, authority and
// wait-for-ready, which an attempt has of its own.
void CopyCallOptions(grpc::ClientContext& from, grpc::ClientContext* to);

// Replaces the text that ClientContext::debug_error_string() returns.
void SetDebugErrorString(const std::string& text, grpc::ClientContext* context);

// Gives `bytes` to a hijacked batch as the message that it receives; the batch parses them as it
// ends, as if they had come by itself, whatever the type. Nothing is done if it cannot be.
// REQUIRES: called between the batch's PRE_RECV_MESSAGE and Proceed().
void GiveMessage(grpc::experimental::InterceptorBatchMethods* batch, grpc::ByteBuffer bytes);

// Where a batch, hijacked or not, puts the message that it receives. A value, valid while the batch
// is in flight. Few calls write into theirs, so it is only then that the batch is asked what it is.
class MessageSlot {
 public:
  MessageSlot() = default;

  // The slot of the batch that an interceptor was called for, if it receives a message.
  // REQUIRES: called on the way down, before the batch's POST_ hooks.
  static MessageSlot Of(grpc::experimental::InterceptorBatchMethods* batch);

  bool exists() const { return message_ != nullptr; }
  // False where the message is of a type other than protobuf or ByteBuffer.
  bool writable() const { return Find().kind != Kind::kUnknown; }

  // Parses `bytes` into the application's message; consumes `bytes`. REQUIRES: writable().
  grpc::Status Write(grpc::ByteBuffer* bytes) const;

  // Tells the batch that its message has arrived, so that the stub reports success.
  void MarkReceived() const;

 private:
  enum class Kind : unsigned char { kUnknown, kProtobuf, kByteBuffer };
  struct Place {
    Kind kind = Kind::kUnknown;
    bool* received = nullptr;
  };

  Place Find() const;

  void* message_ = nullptr;
  grpc::internal::CallOpSetInterface* ops_ = nullptr;
  // Of a message whose type the batch has erased: the type of its parser, which is gone once it
  // has parsed. Else null.
  const std::type_info* parser_ = nullptr;
};

}  // namespace mesh::call::call_access

#endif  // MESH_CALL_CALL_ACCESS_H_
