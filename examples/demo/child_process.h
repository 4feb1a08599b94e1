#ifndef EXAMPLES_DEMO_CHILD_PROCESS_H_
#define EXAMPLES_DEMO_CHILD_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mesh::demo {

// This program again, in a process of its own, with other arguments and both ends of its standard
// streams here. Killed when destroyed, and by the system when this process dies.
// Thread-compatible.
class ChildProcess {
 public:
  static absl::StatusOr<ChildProcess> Start(const std::vector<std::string>& arguments);

  ChildProcess() = default;
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess() { Kill(); }

  // The next line that it prints, without the line feed; waits at most ten seconds.
  absl::StatusOr<std::string> ReadLine();
  // Gives it a line to read.
  absl::Status WriteLine(const std::string& line);
  // SIGKILL: no farewell. No effect the second time.
  void Kill();

 private:
  pid_t pid_ = -1;
  int input_ = -1;   // what we write, it reads
  int output_ = -1;  // what it prints, we read
};

}  // namespace mesh::demo

#endif  // EXAMPLES_DEMO_CHILD_PROCESS_H_
