#ifndef TESTS_CALL_STREAM_STYLES_H_
#define TESTS_CALL_STREAM_STYLES_H_

#include <memory>
#include <string>
#include <vector>

#include "grpcpp/client_context.h"
#include "grpcpp/impl/channel_interface.h"
#include "grpcpp/support/status.h"
#include "tests/testing/echo.grpc.pb.h"

namespace mesh::call::testing {

enum class StreamKind { kClient, kServer, kBidi };
// How an application makes a streaming call. Every form must give the same result.
enum class StreamStyle { kSync, kAsync, kCallback, kGenericAsync, kGenericCallback };
const char* ToString(StreamKind kind);
const char* ToString(StreamStyle style);

// What became of a stream.
struct StreamOutcome {
  grpc::Status status;
  std::vector<mesh::testing::EchoReply> replies;
};

// Makes a streaming call of that kind and style, and waits for its end. Sends the requests (of a
// server stream the first) as long as they can be sent, those of bidirectional streams each after
// the reply to the one before, and reads all replies.
StreamOutcome CallStream(StreamKind kind, StreamStyle style,
                         const std::shared_ptr<grpc::ChannelInterface>& channel,
                         grpc::ClientContext* context,
                         const std::vector<mesh::testing::EchoRequest>& requests);

}  // namespace mesh::call::testing

#endif  // TESTS_CALL_STREAM_STYLES_H_
