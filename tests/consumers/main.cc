// A program of somebody else's, built against an installed mesh: it makes a mesh and a channel,
// and says what the public door answers. No control plane is needed.

#include <cstdio>
#include <memory>
#include <utility>

#include "mesh/mesh.h"

int main() {
  mesh::Options options;
  absl::StatusOr<std::unique_ptr<mesh::Mesh>> client = mesh::Mesh::Create(std::move(options));
  if (!client.ok()) {
    std::printf("no mesh: %s\n", client.status().ToString().c_str());
    return 1;
  }
  std::shared_ptr<grpc::ChannelInterface> channel = (*client)->Channel("static:///127.0.0.1:1");
  if (channel == nullptr) {
    std::printf("no channel\n");
    return 1;
  }
  std::printf("a mesh and a channel: ok\n");
  return 0;
}
