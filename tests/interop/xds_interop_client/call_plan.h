#ifndef TESTS_INTEROP_XDS_INTEROP_CLIENT_CALL_PLAN_H_
#define TESTS_INTEROP_XDS_INTEROP_CLIENT_CALL_PLAN_H_

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace mesh::interop {

enum class Method { kEmptyCall, kUnaryCall };

// `EmptyCall`, `UnaryCall`: as flags and statistics name them.
inline absl::string_view ToString(Method method) {
  return method == Method::kEmptyCall ? "EmptyCall" : "UnaryCall";
}

// Which calls are made at each tick, one of each. A value.
struct CallPlan {
  struct Call {
    Method method = Method::kUnaryCall;
    std::vector<std::pair<std::string, std::string>> metadata;
  };
  std::vector<Call> calls;
  absl::Duration timeout = absl::Seconds(20);
};

// The plan in force. Thread-safe.
class CurrentPlan {
 public:
  explicit CurrentPlan(CallPlan plan) : plan_(std::move(plan)) {}

  CallPlan Get() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return plan_;
  }
  void Set(CallPlan plan) {
    const std::lock_guard<std::mutex> lock(mutex_);
    plan_ = std::move(plan);
  }

 private:
  mutable std::mutex mutex_;
  CallPlan plan_;
};

}  // namespace mesh::interop

#endif  // TESTS_INTEROP_XDS_INTEROP_CLIENT_CALL_PLAN_H_
