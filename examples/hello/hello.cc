#include <iostream>

#include "examples/hello/hello.grpc.pb.h"
#include "grpcpp/client_context.h"
#include "mesh/mesh.h"

int main() {
  absl::StatusOr<std::unique_ptr<mesh::Mesh>> client =
      mesh::Mesh::Create(mesh::Options::FromEnvironment());
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  auto stub = hello::Greeter::NewStub((*client)->Channel("xds:///greeter.prod:50051"));

  grpc::ClientContext context;
  hello::HelloRequest request;
  request.set_name("world");
  hello::HelloReply reply;
  const grpc::Status status = stub->SayHello(&context, request, &reply);
  std::cout << (status.ok() ? reply.text() : status.error_message()) << "\n";
  return status.ok() ? 0 : 1;
}
