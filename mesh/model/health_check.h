#ifndef MESH_MODEL_HEALTH_CHECK_H_
#define MESH_MODEL_HEALTH_CHECK_H_

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"

namespace mesh::model {

// How the health of an endpoint is asked for, and how often (envoy health_check.proto). A value.
struct HealthCheck {
  // Names, in lower case, and values, as a request has them.
  using Headers = std::vector<std::pair<std::string, std::string>>;
  // Of statuses, [first, second).
  using Ranges = std::vector<std::pair<uint32_t, uint32_t>>;

  // grpc.health.v1.Health/Check; healthy is SERVING.
  struct Grpc {
    std::string service_name;
    std::string authority;  // empty: the cluster's name
    Headers metadata;

    bool operator==(const Grpc& other) const {
      return service_name == other.service_name && authority == other.authority &&
             metadata == other.metadata;
    }
  };
  // A request without a body; healthy is a status of one of the ranges.
  struct Http {
    std::string method = "GET";
    std::string path;                            // begins with `/`
    std::string host;                            // empty: the cluster's name
    Headers headers = {{"user-agent", "mesh"}};  // beside the host
    Ranges expected = {{200, 201}};
    Ranges retriable;  // not healthy, but not unhealthy at once: they count as no answer does

    bool operator==(const Http& other) const {
      return method == other.method && path == other.path && host == other.host &&
             headers == other.headers && expected == other.expected && retriable == other.retriable;
    }
  };
  // A connection that is accepted; if `send` is not empty, also an answer that contains the parts
  // of `receive` in their order. Bytes.
  struct Tcp {
    std::string send;
    std::vector<std::string> receive;

    bool operator==(const Tcp& other) const {
      return send == other.send && receive == other.receive;
    }
  };

  std::variant<Grpc, Http, Tcp> kind;
  absl::Duration timeout;   // above 0
  absl::Duration interval;  // above 0
  uint32_t unhealthy_threshold = 1;
  uint32_t healthy_threshold = 1;
  absl::Duration initial_jitter = absl::ZeroDuration();
  absl::Duration interval_jitter = absl::ZeroDuration();
  uint32_t interval_jitter_percent = 0;
  // While the cluster has had no calls yet; the default is Envoy's.
  absl::Duration no_traffic_interval = absl::Seconds(60);
  absl::Duration no_traffic_healthy_interval = absl::ZeroDuration();  // 0: no_traffic_interval
  // While unhealthy, at the first failure, at the first success: `interval` unless set.
  absl::Duration unhealthy_interval = absl::ZeroDuration();       // 0: interval
  absl::Duration unhealthy_edge_interval = absl::ZeroDuration();  // 0: unhealthy_interval
  absl::Duration healthy_edge_interval = absl::ZeroDuration();    // 0: interval

  bool operator==(const HealthCheck& other) const {
    return kind == other.kind && timeout == other.timeout && interval == other.interval &&
           unhealthy_threshold == other.unhealthy_threshold &&
           healthy_threshold == other.healthy_threshold && initial_jitter == other.initial_jitter &&
           interval_jitter == other.interval_jitter &&
           interval_jitter_percent == other.interval_jitter_percent &&
           no_traffic_interval == other.no_traffic_interval &&
           no_traffic_healthy_interval == other.no_traffic_healthy_interval &&
           unhealthy_interval == other.unhealthy_interval &&
           unhealthy_edge_interval == other.unhealthy_edge_interval &&
           healthy_edge_interval == other.healthy_edge_interval;
  }
};

}  // namespace mesh::model

#endif  // MESH_MODEL_HEALTH_CHECK_H_
