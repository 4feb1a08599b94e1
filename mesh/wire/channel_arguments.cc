#include "mesh/wire/channel_arguments.h"

#include <algorithm>
#include <climits>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "grpc/grpc.h"

namespace mesh::wire {
namespace {

// After a failure. gRPC's 120 s are for a channel whose other addresses serve meanwhile in the
// same channel; here a server that is back should take its share again within 5 s.
constexpr int kInitialBackoffMs = 1000;
constexpr int kMaxBackoffMs = 4000;

// A little over the 5 minutes that servers permit, so that no ping comes early.
constexpr int kEndpointKeepaliveMs = 330 * 1000;
constexpr int kEndpointKeepaliveTimeoutMs = 10 * 1000;

constexpr int kControlPlaneKeepaliveMs = 30 * 1000;
constexpr int kControlPlaneKeepaliveTimeoutMs = 10 * 1000;
constexpr int kControlPlaneReceiveLimit = 128 << 20;

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(duration), 1, INT_MAX));
}

void Add(const grpc_arg& arg, grpc::ChannelArguments* arguments) {
  switch (arg.type) {
    case GRPC_ARG_INTEGER:
      arguments->SetInt(arg.key, arg.value.integer);
      break;
    case GRPC_ARG_STRING:
      arguments->SetString(arg.key, arg.value.string);
      break;
    case GRPC_ARG_POINTER:
      arguments->SetPointerWithVtable(arg.key, arg.value.pointer.p, arg.value.pointer.vtable);
      break;
  }
}

}  // namespace

grpc::ChannelArguments EndpointArguments(const grpc::ChannelArguments& application,
                                         absl::Duration connect_timeout) {
  grpc::ChannelArguments ours;
  // Else http_proxy diverts calls that were balanced to this very address.
  ours.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  ours.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kInitialBackoffMs);
  ours.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxBackoffMs);
  ours.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kEndpointKeepaliveMs);
  ours.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kEndpointKeepaliveTimeoutMs);
  ours.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  ours.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);

  grpc::ChannelArguments merged;
  const grpc_channel_args own = ours.c_channel_args();
  const grpc_channel_args theirs = application.c_channel_args();
  absl::flat_hash_set<std::string> set_by_application;
  for (size_t i = 0; i < theirs.num_args; ++i) {
    set_by_application.insert(theirs.args[i].key);
    Add(theirs.args[i], &merged);
  }
  for (size_t i = 0; i < own.num_args; ++i) {
    if (set_by_application.count(own.args[i].key) == 0) Add(own.args[i], &merged);
  }
  // Not the application's to choose. The last one of a key holds.
  // Retries are ours, above the endpoint.
  merged.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // Else channels to one address share a connection, and its state.
  merged.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // This is how long one attempt may take, unless the current back-off is longer.
  merged.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Milliseconds(connect_timeout));
  return merged;
}

grpc::ChannelArguments ControlPlaneArguments(const std::string& user_agent) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, kControlPlaneReceiveLimit);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kControlPlaneKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kControlPlaneKeepaliveTimeoutMs);
  // A stream that is quiet for hours must not run out of pings, of which 2 are the default.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // Else the back-off of another channel to the same server holds this one up.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  if (!user_agent.empty()) arguments.SetUserAgentPrefix(user_agent);
  return arguments;
}

}  // namespace mesh::wire
