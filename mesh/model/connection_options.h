#ifndef MESH_MODEL_CONNECTION_OPTIONS_H_
#define MESH_MODEL_CONNECTION_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/time/time.h"

namespace mesh::model {

// The HTTP/2 pings by which a connection is found to be dead (envoy KeepaliveSettings). A value.
struct ConnectionKeepalive {
  // Pings after so long in which nothing came, with calls or without; infinite: the configuration
  // does not say how often. A connection's own is drawn when it is made, up to `jitter_percent` of
  // it more, so that those that were made together do not ping together.
  absl::Duration interval = absl::InfiniteDuration();
  double jitter_percent = 15;
  // A connection is dead that brings nothing for so long after a ping.
  absl::Duration timeout = absl::Seconds(10);

  bool operator==(const ConnectionKeepalive& other) const {
    return interval == other.interval && jitter_percent == other.jitter_percent &&
           timeout == other.timeout;
  }
  template <typename H>
  friend H AbslHashValue(H h, const ConnectionKeepalive& keepalive) {
    return H::combine(std::move(h), keepalive.interval, keepalive.jitter_percent,
                      keepalive.timeout);
  }
};

// What the connections to the endpoints of a cluster are like. A value.
struct ConnectionOptions {
  absl::Duration connect_timeout = absl::Seconds(5);
  // How long a connection is used before another takes its place; infinite: as long as it lasts.
  absl::Duration max_duration = absl::InfiniteDuration();
  std::optional<ConnectionKeepalive> keepalive;  // nothing: the transport's own
  // The most calls on one connection at a time, beyond which an endpoint gets another; 0: none,
  // an endpoint has one connection.
  uint32_t max_concurrent_calls = 0;
  // The most connections of an endpoint, those that replace others not counted; 0: as many as its
  // calls need, within what the mesh makes.
  uint32_t max_connections = 0;
  // After how many calls another connection takes its place; 0: none.
  uint32_t max_calls = 0;
  // How long a connection besides the first stays that is not needed; infinite: for good.
  absl::Duration idle_timeout = absl::Hours(1);

  bool operator==(const ConnectionOptions& other) const {
    return connect_timeout == other.connect_timeout && max_duration == other.max_duration &&
           keepalive == other.keepalive && max_concurrent_calls == other.max_concurrent_calls &&
           max_connections == other.max_connections && max_calls == other.max_calls &&
           idle_timeout == other.idle_timeout;
  }
  template <typename H>
  friend H AbslHashValue(H h, const ConnectionOptions& options) {
    return H::combine(
        std::move(h), options.connect_timeout, options.max_duration, options.keepalive.has_value(),
        options.keepalive.value_or(ConnectionKeepalive()), options.max_concurrent_calls,
        options.max_connections, options.max_calls, options.idle_timeout);
  }
};

}  // namespace mesh::model

#endif  // MESH_MODEL_CONNECTION_OPTIONS_H_
