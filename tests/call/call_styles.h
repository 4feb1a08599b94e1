#ifndef TESTS_CALL_CALL_STYLES_H_
#define TESTS_CALL_CALL_STYLES_H_

#include <map>
#include <memory>
#include <string>

#include "grpcpp/client_context.h"
#include "grpcpp/impl/channel_interface.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"
#include "tests/testing/echo.grpc.pb.h"

namespace mesh::call::testing {

using mesh::testing::Echo;
using mesh::testing::EchoReply;
using mesh::testing::EchoRequest;

// How an application makes a unary call. Every form must give the same result.
enum class Style {
  kSync,
  kLambda,
  kReactor,
  kAsync,
  kAsyncEarlyMetadata,
  kGenericAsync,
  kGenericReactor
};
const char* ToString(Style style);

// Makes a call of that style and waits for its end.
grpc::Status CallUnary(Style style, const std::shared_ptr<grpc::ChannelInterface>& channel,
                       grpc::ClientContext* context, const EchoRequest& request, EchoReply* reply);

grpc::ByteBuffer Serialize(const EchoRequest& request);
void Parse(const grpc::ByteBuffer& bytes, EchoReply* reply);

// The first value of `key`, empty if there is none.
std::string First(const std::multimap<grpc::string_ref, grpc::string_ref>& map, const char* key);

}  // namespace mesh::call::testing

#endif  // TESTS_CALL_CALL_STYLES_H_
