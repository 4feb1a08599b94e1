#include "examples/demo/echo_endpoint.h"

#include <iostream>
#include <memory>

#include "examples/demo/demo.grpc.pb.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

namespace mesh::demo {
namespace {

class EchoService final : public Echo::Service {
 public:
  explicit EchoService(std::string name) : name_(std::move(name)) {}

  grpc::Status Say(grpc::ServerContext*, const EchoRequest* request, EchoReply* reply) override {
    reply->set_text(request->text());
    reply->set_server(name_);
    return grpc::Status::OK;
  }

 private:
  const std::string name_;
};

}  // namespace

int ServeEcho(const std::string& name) {
  EchoService service(name);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    std::cerr << "endpoint " << name << ": cannot listen on loopback\n";
    return 1;
  }
  std::cout << port << std::endl;
  server->Wait();
  return 0;
}

}  // namespace mesh::demo
