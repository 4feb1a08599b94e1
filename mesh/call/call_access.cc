#include "mesh/call/call_access.h"

#include <cstdint>
#include <memory>

#include "grpcpp/impl/call_op_set.h"
#include "grpcpp/support/proto_buffer_reader.h"

#if __has_include(<grpcpp/impl/proto_utils.h>)
#include <grpcpp/impl/proto_utils.h>  // gRPC 1.54 and later
#else
#include <grpcpp/impl/codegen/proto_utils.h>
#endif

namespace mesh::call::call_access {
namespace {

using grpc::internal::Call;
using grpc::internal::CallOpClientRecvStatus;
using grpc::internal::CallOpClientSendClose;
using grpc::internal::CallOpGenericRecvMessage;
using grpc::internal::CallOpRecvInitialMetadata;
using grpc::internal::CallOpRecvMessage;
using grpc::internal::CallOpSendInitialMetadata;
using grpc::internal::CallOpSendMessage;
using grpc::internal::CallOpSet;
using grpc::internal::CallOpSetInterface;
using grpc::internal::DeserializeFunc;
using grpc::internal::DeserializeFuncType;
using grpc::internal::InterceptorBatchMethodsImpl;
using grpc::internal::RpcMethod;
using grpc::protobuf::MessageLite;
using StringMap = std::multimap<std::string, std::string>;

// The operations of unary calls as most stubs make them, told from others at the cost of a
// comparison: of synchronous stubs, of those with queues, and the last ones of reactors.
using BlockingOps =
    CallOpSet<CallOpSendInitialMetadata, CallOpSendMessage, CallOpRecvInitialMetadata,
              CallOpRecvMessage<MessageLite>, CallOpClientSendClose, CallOpClientRecvStatus>;
using AsyncOps =
    CallOpSet<CallOpSendInitialMetadata, CallOpSendMessage, CallOpClientSendClose,
              CallOpRecvInitialMetadata, CallOpRecvMessage<MessageLite>, CallOpClientRecvStatus>;
using ReactorOps = CallOpSet<CallOpGenericRecvMessage, CallOpClientRecvStatus>;

CallOpGenericRecvMessage* AsGeneric(CallOpSetInterface* ops) {
  const std::type_info& type = typeid(*ops);
  if (type == typeid(BlockingOps) || type == typeid(AsyncOps)) return nullptr;
  if (type == typeid(ReactorOps)) return static_cast<ReactorOps*>(ops);
  return dynamic_cast<CallOpGenericRecvMessage*>(ops);
}

// A pointer to a private member may be named in an explicit instantiation: the usual access
// checks do not apply there ([temp.explicit] in C++17). It depends on the member's name and type
// and on nothing else.
template <typename Tag, typename Tag::type member>
struct Expose {
  friend constexpr typename Tag::type Member(Tag) { return member; }
};

#define MESH_EXPOSE(Tag, Class, member, ...) \
  struct Tag {                               \
    using type = __VA_ARGS__;                \
    friend constexpr type Member(Tag);       \
  };                                         \
  template struct Expose<Tag, &Class::member>

MESH_EXPOSE(ChannelCreateCall, grpc::ChannelInterface, CreateCall,
            Call (grpc::ChannelInterface::*)(const RpcMethod&, grpc::ClientContext*,
                                             grpc::CompletionQueue*));
MESH_EXPOSE(ChannelCallbackQueue, grpc::ChannelInterface, CallbackCQ,
            grpc::CompletionQueue* (grpc::ChannelInterface::*)());
MESH_EXPOSE(ContextMetadata, grpc::ClientContext, send_initial_metadata_,
            StringMap grpc::ClientContext::*);
MESH_EXPOSE(ContextFlags, grpc::ClientContext, initial_metadata_flags,
            uint32_t (grpc::ClientContext::*)() const);
MESH_EXPOSE(ContextAuthority, grpc::ClientContext, authority_, std::string grpc::ClientContext::*);
MESH_EXPOSE(ContextParent, grpc::ClientContext, propagate_from_call_,
            grpc_call* grpc::ClientContext::*);
MESH_EXPOSE(ContextPropagation, grpc::ClientContext, propagation_options_,
            grpc::PropagationOptions grpc::ClientContext::*);
MESH_EXPOSE(ContextDebugText, grpc::ClientContext, set_debug_error_string,
            void (grpc::ClientContext::*)(const std::string&));
MESH_EXPOSE(BatchOps, InterceptorBatchMethodsImpl, ops_,
            CallOpSetInterface* InterceptorBatchMethodsImpl::*);
MESH_EXPOSE(GenericParser, CallOpGenericRecvMessage, deserialize_,
            std::unique_ptr<DeserializeFunc> CallOpGenericRecvMessage::*);
MESH_EXPOSE(GenericBytes, CallOpGenericRecvMessage, recv_buf_,
            grpc::ByteBuffer CallOpGenericRecvMessage::*);
MESH_EXPOSE(BatchReceiveFailed, InterceptorBatchMethodsImpl, hijacked_recv_message_failed_,
            bool* InterceptorBatchMethodsImpl::*);
MESH_EXPOSE(ReceiveFailed, CallOpRecvMessage<MessageLite>, hijacked_recv_message_failed_,
            bool CallOpRecvMessage<MessageLite>::*);
MESH_EXPOSE(ReceivedMessage, CallOpRecvMessage<MessageLite>, message_,
            MessageLite* CallOpRecvMessage<MessageLite>::*);
MESH_EXPOSE(ReceivedBytes, CallOpRecvMessage<MessageLite>, recv_buf_,
            grpc::ByteBuffer CallOpRecvMessage<MessageLite>::*);

#undef MESH_EXPOSE

}  // namespace

Call CreateCall(grpc::ChannelInterface& channel, const RpcMethod& method,
                grpc::ClientContext* context, grpc::CompletionQueue* queue) {
  return (channel.*Member(ChannelCreateCall()))(method, context, queue);
}

grpc::CompletionQueue* CallbackQueue(grpc::ChannelInterface& channel) {
  return (channel.*Member(ChannelCallbackQueue()))();
}

bool WaitsForReady(const grpc::ClientContext& context) {
  return ((context.*Member(ContextFlags()))() & GRPC_INITIAL_METADATA_WAIT_FOR_READY) != 0;
}

std::string& Authority(grpc::ClientContext& context) { return context.*Member(ContextAuthority()); }

void CopyCallOptions(grpc::ClientContext& from, grpc::ClientContext* to) {
  // Compression, too: set_compression_algorithm() is a metadata entry.
  to->*Member(ContextMetadata()) = from.*Member(ContextMetadata());
  if (from.credentials() != nullptr) to->set_credentials(from.credentials());
  to->set_census_context(from.census_context());
  to->*Member(ContextParent()) = from.*Member(ContextParent());
  to->*Member(ContextPropagation()) = from.*Member(ContextPropagation());
}

void SetDebugErrorString(const std::string& text, grpc::ClientContext* context) {
  (context->*Member(ContextDebugText()))(text);
}

void GiveMessage(grpc::experimental::InterceptorBatchMethods* batch, grpc::ByteBuffer bytes) {
  auto* const impl = static_cast<InterceptorBatchMethodsImpl*>(batch);
  if (auto* const generic = AsGeneric(impl->*Member(BatchOps()))) {
    (generic->*Member(GenericBytes())).Swap(&bytes);
    return;
  }
  // The operation is a CallOpRecvMessage<T>, a base of a class that we cannot name: T is the
  // application's. It holds nothing of T but a pointer, so that all of them are laid out alike, and
  // the flag that the batch was given lies in it.
  bool* const flag = impl->*Member(BatchReceiveFailed());
  if (flag == nullptr) return;
  const CallOpRecvMessage<MessageLite> model;
  const auto offset = reinterpret_cast<const char*>(&(model.*Member(ReceiveFailed()))) -
                      reinterpret_cast<const char*>(&model);
  auto* const receive =
      reinterpret_cast<CallOpRecvMessage<MessageLite>*>(reinterpret_cast<char*>(flag) - offset);
  if (receive->*Member(ReceivedMessage()) != batch->GetRecvMessage()) return;
  (receive->*Member(ReceivedBytes())).Swap(&bytes);
}

MessageSlot MessageSlot::Of(grpc::experimental::InterceptorBatchMethods* batch) {
  MessageSlot slot;
  slot.message_ = batch->GetRecvMessage();
  if (slot.message_ == nullptr) return slot;
  // gRPC has two implementations of the interface; the other one, for cancellation, has no
  // message.
  slot.ops_ = static_cast<InterceptorBatchMethodsImpl*>(batch)->*Member(BatchOps());
  if (auto* const generic = AsGeneric(slot.ops_)) {
    const DeserializeFunc* const parser = (generic->*Member(GenericParser())).get();
    if (parser != nullptr) slot.parser_ = &typeid(*parser);
  }
  return slot;
}

MessageSlot::Place MessageSlot::Find() const {
  Place place;
  if (message_ == nullptr) return place;
  if (auto* protobuf = dynamic_cast<CallOpRecvMessage<MessageLite>*>(ops_)) {
    place = {Kind::kProtobuf, &protobuf->got_message};
  } else if (auto* bytes = dynamic_cast<CallOpRecvMessage<grpc::ByteBuffer>*>(ops_)) {
    place = {Kind::kByteBuffer, &bytes->got_message};
  } else if (auto* generic = dynamic_cast<CallOpGenericRecvMessage*>(ops_)) {
    place.received = &generic->got_message;
    if (parser_ == nullptr) return place;
    if (*parser_ == typeid(DeserializeFuncType<MessageLite>)) {
      place.kind = Kind::kProtobuf;
    } else if (*parser_ == typeid(DeserializeFuncType<grpc::ByteBuffer>)) {
      place.kind = Kind::kByteBuffer;
    }
  }
  return place;
}

grpc::Status MessageSlot::Write(grpc::ByteBuffer* bytes) const {
  if (Find().kind == Kind::kByteBuffer) {
    static_cast<grpc::ByteBuffer*>(message_)->Swap(bytes);
    return grpc::Status::OK;
  }
  auto* const message = static_cast<MessageLite*>(message_);
  grpc::ProtoBufferReader reader(bytes);
  if (reader.status().ok() && message->ParseFromZeroCopyStream(&reader)) return grpc::Status::OK;
  return grpc::Status(grpc::StatusCode::INTERNAL, "response: cannot be parsed");
}

void MessageSlot::MarkReceived() const {
  if (bool* const received = Find().received) *received = true;
}

}  // namespace mesh::call::call_access
