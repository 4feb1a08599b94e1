#ifndef MESH_MODEL_OUTLIER_DETECTION_H_
#define MESH_MODEL_OUTLIER_DETECTION_H_

#include <cstdint>

#include "absl/time/time.h"

namespace mesh::model {

// When endpoints are ejected for what became of their calls (envoy outlier_detection.proto, whose
// defaults these are; gRFC A50). Percentages are 0 to 100. A value.
struct OutlierDetection {
  // A detector that counts failures in a row; `enforcing` 0: it detects but does not eject.
  struct Consecutive {
    uint32_t threshold = 5;  // 0: off
    uint32_t enforcing = 100;
  };
  // Whoever fails more often than the others: below mean - stdev_factor / 1000 × stdev.
  struct SuccessRate {
    bool on = true;
    uint32_t minimum_hosts = 5;
    uint32_t request_volume = 100;
    uint32_t stdev_factor = 1900;
    uint32_t enforcing = 100;
    uint32_t enforcing_local_origin = 100;
  };
  // Whoever fails more often than a threshold.
  struct FailurePercentage {
    uint32_t threshold = 85;
    bool or_equal = true;  // a rate equal to the threshold is ejected too (Envoy; gRPC: above it)
    uint32_t minimum_hosts = 5;
    uint32_t request_volume = 50;
    uint32_t enforcing = 0;
    uint32_t enforcing_local_origin = 0;
  };

  absl::Duration interval = absl::Seconds(10);
  absl::Duration base_ejection_time = absl::Seconds(30);
  absl::Duration max_ejection_time = absl::Seconds(300);  // not below base_ejection_time
  absl::Duration max_ejection_time_jitter = absl::ZeroDuration();
  uint32_t max_ejection_percent = 10;
  // How the cap is meant. Envoy: eject if and only if 100 * (ejected + 1) / endpoints <= max, or
  // none is ejected and always_eject_one. gRPC (gRFC A50): eject while 100 * ejected / endpoints
  // < max, so that one is always ejected.
  bool cap_counts_the_next = true;
  bool always_eject_one = false;
  // Whether every status but OK is a failure (gRPC), or those that HTTP has as 5xx (Envoy).
  bool every_error_fails = false;
  bool split_local_origin = false;
  bool readmit_on_active_check = true;

  Consecutive consecutive_5xx;
  Consecutive consecutive_gateway_failure{5, 0};
  Consecutive consecutive_local_origin_failure;  // only if split_local_origin
  SuccessRate success_rate;
  FailurePercentage failure_percentage;
};

}  // namespace mesh::model

#endif  // MESH_MODEL_OUTLIER_DETECTION_H_
