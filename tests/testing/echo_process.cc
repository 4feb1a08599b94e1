#include "tests/testing/echo_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <new>
#include <utility>

#include "tests/testing/echo_process_child.h"

namespace mesh::testing {
namespace {

// Where Bazel puts it, as seen from where tests run.
constexpr const char* kProgram = "tests/testing/echo_process_child";

// What the other end writes until it closes.
std::string ReadAll(int descriptor) {
  std::string text;
  char buffer[64];
  for (ssize_t n = 0; (n = read(descriptor, buffer, sizeof buffer)) > 0;) text.append(buffer, n);
  return text;
}

}  // namespace

EchoProcess::EchoProcess(std::string name, std::string address)
    : EchoEndpoint(std::move(name), std::move(address)) {
  memory_ = memfd_create("echo", MFD_CLOEXEC);
  const bool sized = memory_ >= 0 && ftruncate(memory_, sizeof(EchoControls)) == 0;
  void* const shared =
      mmap(nullptr, sizeof(EchoControls), PROT_READ | PROT_WRITE,
           sized ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS, sized ? memory_ : -1, 0);
  controls_ = new (shared) EchoControls;
  if (!sized || !Start()) address_.clear();
}

EchoProcess::~EchoProcess() {
  Kill();
  munmap(controls_, sizeof(EchoControls));
  close(memory_);
}

bool EchoProcess::Start() {
  int answer[2];
  if (pipe2(answer, O_CLOEXEC) != 0) return false;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // By way of numbers above those that it ends at: one may be where the other must go.
  posix_spawn_file_actions_adddup2(&actions, memory_, kFirstFreeDescriptor + 1000);
  posix_spawn_file_actions_adddup2(&actions, answer[1], kAnswerDescriptor);
  posix_spawn_file_actions_adddup2(&actions, kFirstFreeDescriptor + 1000, kControlsDescriptor);
  posix_spawn_file_actions_addclosefrom_np(&actions, kFirstFreeDescriptor);
  std::string parent = std::to_string(getpid());
  char* arguments[] = {const_cast<char*>(kProgram), const_cast<char*>(name_.c_str()),
                       address_.data(), parent.data(), nullptr};
  const int error = posix_spawn(&pid_, kProgram, &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(answer[1]);
  const std::string address = error == 0 ? ReadAll(answer[0]) : "";
  close(answer[0]);
  if (error != 0) pid_ = -1;
  if (address.empty()) {
    Kill();
    return false;
  }
  address_ = address;
  return true;
}

void EchoProcess::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void EchoProcess::Freeze() {
  if (pid_ > 0) kill(pid_, SIGSTOP);
}

void EchoProcess::Thaw() {
  if (pid_ > 0) kill(pid_, SIGCONT);
}

}  // namespace mesh::testing
