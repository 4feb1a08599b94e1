#include "examples/demo/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mesh::demo {
namespace {

absl::Status SystemError(const char* what) {
  return absl::InternalError(absl::StrCat("child process: ", what, ": ", std::strerror(errno)));
}

// In the child, after fork(): nothing but system calls.
[[noreturn]] void Become(char* const* arguments, int input, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  execv("/proc/self/exe", arguments);
  _exit(127);
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Start(const std::vector<std::string>& arguments) {
  std::vector<char*> raw = {const_cast<char*>("demo")};
  for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  int to_child[2];
  int from_child[2];
  if (pipe2(to_child, O_CLOEXEC) != 0) return SystemError("pipe");
  if (pipe2(from_child, O_CLOEXEC) != 0) return SystemError("pipe");
  ChildProcess child;
  child.pid_ = fork();
  if (child.pid_ < 0) return SystemError("fork");
  if (child.pid_ == 0) Become(raw.data(), to_child[0], from_child[1]);
  close(to_child[0]);
  close(from_child[1]);
  child.input_ = to_child[1];
  child.output_ = from_child[0];
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    Kill();
    pid_ = std::exchange(other.pid_, -1);
    input_ = std::exchange(other.input_, -1);
    output_ = std::exchange(other.output_, -1);
  }
  return *this;
}

absl::StatusOr<std::string> ChildProcess::ReadLine() {
  std::string line;
  for (;;) {
    pollfd ready = {output_, POLLIN, 0};
    const int count = poll(&ready, 1, 10'000);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return absl::DeadlineExceededError("child process: printed nothing for 10 s");
    char c;
    const ssize_t size = read(output_, &c, 1);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return absl::UnavailableError("child process: ended without an answer");
    if (c == '\n') return line;
    line += c;
  }
}

absl::Status ChildProcess::WriteLine(const std::string& line) {
  const std::string text = line + "\n";
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t size = write(input_, text.data() + written, text.size() - written);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return SystemError("write");
    written += static_cast<size_t>(size);
  }
  return absl::OkStatus();
}

void ChildProcess::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  close(input_);
  close(output_);
  pid_ = -1;
}

}  // namespace mesh::demo
