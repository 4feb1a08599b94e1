// The main job, on one machine: a control plane moves a generated stub's calls from endpoint to
// endpoint, and nothing that dies takes a call with it. See story.cc.

#include <signal.h>
#include <unistd.h>

#include <cstring>

#include "examples/demo/control_plane.h"
#include "examples/demo/echo_endpoint.h"
#include "examples/demo/story.h"

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "endpoint") == 0) return mesh::demo::ServeEcho(argv[2]);
  if (argc == 2 && std::strcmp(argv[1], "control-plane") == 0) {
    return mesh::demo::ServeControlPlane();
  }
  signal(SIGPIPE, SIG_IGN);  // a child that was killed
  return mesh::demo::TellStory(isatty(STDOUT_FILENO) != 0);
}
