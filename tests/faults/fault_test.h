#ifndef TESTS_FAULTS_FAULT_TEST_H_
#define TESTS_FAULTS_FAULT_TEST_H_

#include <algorithm>
#include <functional>
#include <iostream>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "mesh/base/clock.h"
#include "mesh/base/mutex.h"
#include "tests/faults/load.h"
#include "tests/faults/process_state.h"
#include "tests/mesh/main_job.h"

namespace mesh {

// The main job with something that goes wrong. Thread-compatible.
class FaultTest : public MainJobTest {
 protected:
  // Looks every few milliseconds; returns whether it came to hold.
  static bool Eventually(const std::function<bool()>& holds,
                         absl::Duration timeout = absl::Seconds(10)) {
    const SteadyClock clock;
    const absl::Time end = clock.Now() + timeout;
    Mutex mutex;
    CondVar never;
    MutexLock lock(&mutex);
    while (!holds()) {
      if (clock.Now() > end) return false;
      never.WaitFor(&mutex, absl::Milliseconds(3));
    }
    return true;
  }

  // How long `action` takes.
  static absl::Duration Time(const std::function<void()>& action) {
    const SteadyClock clock;
    const absl::Time begin = clock.Now();
    action();
    return clock.Now() - begin;
  }

  // Figures of a fault, into the test's log and report.
  static void Note(const std::string& name, const std::string& value) {
    RecordProperty(name, value);
    std::cout << "  " << name << ": " << value << "\n";
  }
  static void Note(const std::string& name, absl::Duration value) {
    Note(name, absl::FormatDuration(value));
  }

  // Lets `stub`'s target connect to all of those endpoints.
  void ReachAll(testing::Echo::Stub* stub, const std::set<std::string>& names) {
    std::set<std::string> seen;
    EXPECT_TRUE(CallUntil(stub, [&](const Outcome& outcome) {
      seen.insert(outcome.server);
      return std::includes(seen.begin(), seen.end(), names.begin(), names.end());
    }));
  }
};

}  // namespace mesh

#endif  // TESTS_FAULTS_FAULT_TEST_H_
