#ifndef TESTS_TESTING_ECHO_PROCESS_H_
#define TESTS_TESTING_ECHO_PROCESS_H_

#include <sys/types.h>

#include <string>

#include "absl/time/time.h"
#include "tests/testing/echo_service.h"

namespace mesh::testing {

// An EchoService in a process of its own, which can be killed, frozen, and started again on its
// port: what its clients see then is what the kernel does, not what a server says as it leaves.
// Counts go on over restarts. Thread-safe, but for Kill(), Freeze(), Thaw() and Start().
class EchoProcess final : public EchoEndpoint {
 public:
  explicit EchoProcess(std::string name, std::string address = "127.0.0.1:0");
  ~EchoProcess();

  // SIGKILL; returns when the process is gone. No effect when it is.
  void Kill();
  // SIGSTOP, SIGCONT: the kernel still accepts connections and bytes for it.
  void Freeze();
  void Thaw();
  // Listens on the same address again. REQUIRES: Kill() was called. Returns whether it could.
  bool Start();

 private:
  int memory_ = -1;  // the descriptor of the memory that it shares: its controls
  pid_t pid_ = -1;
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_ECHO_PROCESS_H_
