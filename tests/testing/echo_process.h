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
class EchoProcess final {
 public:
  explicit EchoProcess(std::string name, std::string address = "127.0.0.1:0");
  ~EchoProcess();

  const std::string& name() const { return name_; }
  // With the real port. Empty: it could not listen.
  const std::string& address() const { return address_; }

  // SIGKILL; returns when the process is gone. No effect when it is.
  void Kill();
  // SIGSTOP, SIGCONT: the kernel still accepts connections and bytes for it.
  void Freeze();
  void Thaw();
  // Listens on the same address again. REQUIRES: Kill() was called. Returns whether it could.
  bool Start();

  void FailNext(int count, grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE) {
    controls_->FailNext(count, code);
  }
  void FailAlways(grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE) {
    controls_->FailAlways(code);
  }
  void StopFailing() { controls_->StopFailing(); }
  // Before each call; a call that is cancelled meanwhile ends.
  void set_delay(absl::Duration delay) { controls_->delay_ms = absl::ToInt64Milliseconds(delay); }

  int calls() const { return controls_->calls; }
  // How many client sockets have made calls.
  int connections() const { return controls_->connections; }

 private:
  const std::string name_;
  std::string address_;
  int memory_ = -1;                   // the descriptor of what `controls_` points at
  EchoControls* controls_ = nullptr;  // shared with the process
  pid_t pid_ = -1;
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_ECHO_PROCESS_H_
