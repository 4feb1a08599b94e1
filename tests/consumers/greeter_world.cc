// The world that the README's example runs in: a control plane and a greeter on loopback.
//
//   greeter_world COMMAND
//
// Runs COMMAND, by the shell, with a bootstrap in its environment. Exit code 0: it said
// "hello, world", and nothing else, and its exit code was 0.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "examples/hello/hello.grpc.pb.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "tests/testing/ads_server.h"
#include "tests/testing/short_temp_dir.h"
#include "tests/testing/xds_resources.h"

namespace mesh::testing {
namespace {

class Greeter final : public hello::Greeter::Service {
  grpc::Status SayHello(grpc::ServerContext*, const hello::HelloRequest* request,
                        hello::HelloReply* reply) override {
    reply->set_text(absl::StrCat("hello, ", request->name()));
    return grpc::Status::OK;
  }
};

// What `command` prints; empty, with a word on standard error, if it cannot run or fails.
std::string OutputOf(const std::string& command) {
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "";
  std::string output;
  char part[256];
  while (const size_t size = std::fread(part, 1, sizeof(part), pipe)) output.append(part, size);
  const int status = pclose(pipe);
  if (status == 0) return output;
  std::cerr << command << ": status " << status << ", said: " << output << "\n";
  return "";
}

int Run(const std::string& command) {
  Greeter greeter;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&greeter);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  AdsServer control_plane;
  if (server == nullptr || port == 0 || control_plane.address().empty()) {
    std::cerr << "greeter_world: cannot listen on loopback\n";
    return 1;
  }
  ServiceResources service;
  service.name = "greeter.prod:50051";
  ServeService(service, {{"zone", 1, 0, {absl::StrCat("127.0.0.1:", port)}}}, &control_plane);

  const ShortTempDir folder;
  const std::string bootstrap = folder.path() + "/bootstrap.json";
  std::ofstream(bootstrap) << absl::StrCat(
      R"({"xds_servers": [{"server_uri": ")", control_plane.address(),
      R"(", "channel_creds": [{"type": "insecure"}]}],)", R"("node": {"id": "consumer"}})");
  setenv("GRPC_XDS_BOOTSTRAP", bootstrap.c_str(), 1);
  const std::string output = OutputOf(command);
  server->Shutdown();
  if (output == "hello, world\n") {
    std::cout << output;
    return 0;
  }
  std::cerr << "greeter_world: \"" << output << "\" instead of \"hello, world\"\n";
  return 1;
}

}  // namespace
}  // namespace mesh::testing

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: greeter_world COMMAND\n";
    return 2;
  }
  return mesh::testing::Run(argv[1]);
}
