#include "mesh/wire/channel_arguments.h"

#include <algorithm>
#include <climits>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "grpc/grpc.h"
#include "grpcpp/grpcpp.h"

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

// gRPC's own, which all arguments have from the beginning.
std::string PlainUserAgent() { return absl::StrCat("grpc-c++/", grpc::Version()); }

// Arguments in which each key stands once: of several gRPC takes the first.
class Merged {
 public:
  // Adds those whose key is not there yet.
  void Add(const grpc::ChannelArguments& arguments) {
    const grpc_channel_args raw = arguments.c_channel_args();
    for (size_t i = 0; i < raw.num_args; ++i) {
      const grpc_arg& arg = raw.args[i];
      if (absl::string_view(arg.key) == GRPC_ARG_PRIMARY_USER_AGENT_STRING) {
        AddUserAgent(arg.value.string);
        continue;
      }
      if (!keys_.insert(arg.key).second) continue;
      switch (arg.type) {
        case GRPC_ARG_INTEGER:
          result_.SetInt(arg.key, arg.value.integer);
          break;
        case GRPC_ARG_STRING:
          result_.SetString(arg.key, arg.value.string);
          break;
        case GRPC_ARG_POINTER:
          result_.SetPointerWithVtable(arg.key, arg.value.pointer.p, arg.value.pointer.vtable);
          break;
      }
    }
  }
  const grpc::ChannelArguments& result() const { return result_; }

 private:
  // The result has the plain one; what stands before that is the application's.
  void AddUserAgent(absl::string_view text) {
    if (!absl::ConsumeSuffix(&text, absl::StrCat(" ", PlainUserAgent()))) return;
    if (keys_.insert(GRPC_ARG_PRIMARY_USER_AGENT_STRING).second) {
      result_.SetUserAgentPrefix(std::string(text));
    }
  }

  grpc::ChannelArguments result_;
  absl::flat_hash_set<std::string> keys_;
};

// What the cluster says, and what is nobody's to choose.
grpc::ChannelArguments Decided(const model::ConnectionOptions& options, double random) {
  grpc::ChannelArguments decided;
  // Retries are ours, above the endpoint.
  decided.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // Else channels to one address share a connection, and its state.
  decided.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // This is how long one attempt may take, unless the current back-off is longer.
  decided.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Milliseconds(options.connect_timeout));
  if (!options.keepalive.has_value()) return decided;
  const model::ConnectionKeepalive& keepalive = *options.keepalive;
  decided.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(keepalive.timeout));
  if (keepalive.interval == absl::InfiniteDuration()) return decided;
  const double drawn = 1 + keepalive.jitter_percent / 100 * random;
  decided.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(keepalive.interval * drawn));
  decided.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  decided.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  return decided;
}

grpc::ChannelArguments Defaults() {
  grpc::ChannelArguments defaults;
  // Else http_proxy diverts calls that were balanced to this very address.
  defaults.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  defaults.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kInitialBackoffMs);
  defaults.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxBackoffMs);
  defaults.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kEndpointKeepaliveMs);
  defaults.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kEndpointKeepaliveTimeoutMs);
  defaults.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  defaults.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  return defaults;
}

}  // namespace

grpc::ChannelArguments EndpointArguments(const grpc::ChannelArguments& application,
                                         const model::ConnectionOptions& options, double random) {
  Merged merged;
  merged.Add(Decided(options, random));
  merged.Add(application);
  merged.Add(Defaults());
  return merged.result();
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
