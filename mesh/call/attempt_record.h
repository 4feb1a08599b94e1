#ifndef MESH_CALL_ATTEMPT_RECORD_H_
#define MESH_CALL_ATTEMPT_RECORD_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace mesh::call {

// One attempt of a call, ended. The views are valid while an observer runs.
struct AttemptRecord {
  absl::string_view target;   // of the channel
  absl::string_view method;   // `/package.Service/Method`; empty for streams
  absl::string_view address;  // of the endpoint
  uint32_t number = 0;        // 0 is the first attempt of the call
  int status_code = 0;        // gRPC's
  bool delivered = true;      // false: certainly never given to a transport
  absl::Duration latency;     // from the pick to the status
};

// Called at the end of each attempt, on the thread that notices it: it must not block. Empty: none.
using AttemptObserver = std::function<void(const AttemptRecord&)>;

}  // namespace mesh::call

#endif  // MESH_CALL_ATTEMPT_RECORD_H_
