#ifndef TESTS_SIMULATION_TRACE_H_
#define TESTS_SIMULATION_TRACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/base/clock.h"

namespace mesh::simulation {

// What happened in a simulated world, line by line: a hash of all of it, and the lines themselves
// if they are wanted. Two runs of one seed have the same hash. Thread-compatible.
class Trace {
 public:
  // `clock` outlives the trace.
  Trace(const Clock* clock, bool keep) : clock_(clock), start_(clock->Now()), keep_(keep) {}

  template <typename... Parts>
  void Note(const Parts&... parts) {
    Add(absl::StrCat(parts...));
  }

  absl::Duration now() const { return clock_->Now() - start_; }
  uint64_t hash() const { return hash_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  void Add(absl::string_view event);

  const Clock* const clock_;
  const absl::Time start_;
  const bool keep_;
  uint64_t hash_ = 0xcbf29ce484222325;  // FNV-1a
  std::vector<std::string> lines_;
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_TRACE_H_
