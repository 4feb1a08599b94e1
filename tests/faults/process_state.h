#ifndef TESTS_FAULTS_PROCESS_STATE_H_
#define TESTS_FAULTS_PROCESS_STATE_H_

#include <cstdint>
#include <ostream>
#include <string>

#include "absl/time/time.h"

namespace mesh {

// What this process uses of the machine, servers of the test included. A value.
struct ProcessState {
  int64_t threads = 0;  // but those of gRPC's pools, which come and go by its own rules
  int64_t descriptors = 0;
  int64_t resident_bytes = 0;
  absl::Duration cpu;

  static ProcessState Now();
};

// The processor time that this process has used.
absl::Duration ProcessorTime();

std::ostream& operator<<(std::ostream& out, const ProcessState& state);

// Established TCP connections to `address` (127.0.0.1 and a port), as the kernel lists them.
int ConnectionsTo(const std::string& address);

}  // namespace mesh

#endif  // TESTS_FAULTS_PROCESS_STATE_H_
