// gRPC's xDS interop client on a mesh: see ParseClientOptions() for the flags. The bootstrap is in
// the environment. Runs until it is killed.

#include <iostream>
#include <string>
#include <vector>

#include "tests/interop/xds_interop_client/client_options.h"
#include "tests/interop/xds_interop_client/interop_client.h"

int main(int argc, char** argv) {
  using mesh::interop::ClientOptions;
  using mesh::interop::InteropClient;
  const absl::StatusOr<ClientOptions> options =
      mesh::interop::ParseClientOptions(std::vector<std::string>(argv + 1, argv + argc));
  if (!options.ok()) {
    std::cerr << "xds_interop_client: " << options.status().message() << "\n";
    return 2;
  }
  mesh::Options mesh = mesh::Options::FromEnvironment();
  mesh.profile = mesh::Profile::kGrpc;
  mesh.log = [](mesh::LogSeverity, absl::string_view text) { std::cerr << text << "\n"; };
  const absl::StatusOr<std::unique_ptr<InteropClient>> client =
      InteropClient::Create(*options, std::move(mesh));
  if (!client.ok()) {
    std::cerr << "xds_interop_client: " << client.status().message() << "\n";
    return 1;
  }
  (*client)->Run();
  return 0;
}
