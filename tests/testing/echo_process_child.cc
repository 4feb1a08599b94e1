// The process of an EchoProcess: serves until it is killed, or its parent ends.

#include "tests/testing/echo_process_child.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tests/testing/echo_server.h"

int main(int argc, char** argv) {
  using namespace mesh::testing;
  if (argc != 4) return 2;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != std::atoi(argv[3])) return 1;
  void* const shared = mmap(nullptr, sizeof(EchoControls), PROT_READ | PROT_WRITE, MAP_SHARED,
                            kControlsDescriptor, 0);
  if (shared == MAP_FAILED) return 1;
  const EchoServer server(argv[1], argv[2], nullptr, static_cast<EchoControls*>(shared));
  const std::string& address = server.address();
  if (write(kAnswerDescriptor, address.data(), address.size()) !=
      static_cast<ssize_t>(address.size())) {
    return 1;
  }
  close(kAnswerDescriptor);
  for (;;) pause();
}
