#include "mesh/call/interceptor_factories.h"

#include "mesh/call/call_start.h"

namespace mesh::call {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::Interceptor;

class TakingFactory final : public ClientInterceptorFactoryInterface {
 public:
  Interceptor* CreateClientInterceptor(ClientRpcInfo*) override {
    return CallStart::Take().release();
  }
};

class ForwardingFactory final : public ClientInterceptorFactoryInterface {
 public:
  explicit ForwardingFactory(SharedFactory factory) : factory_(std::move(factory)) {}

  // An attempt of ours is made on the same channel; it is no call of the application's.
  Interceptor* CreateClientInterceptor(ClientRpcInfo* info) override {
    return CallStart::active() ? factory_->CreateClientInterceptor(info) : nullptr;
  }

 private:
  const SharedFactory factory_;
};

}  // namespace

InterceptorFactories MakeInterceptorFactories(const std::vector<SharedFactory>& application) {
  InterceptorFactories factories;
  for (const SharedFactory& factory : application) {
    factories.push_back(std::make_unique<ForwardingFactory>(factory));
  }
  factories.push_back(std::make_unique<TakingFactory>());
  return factories;
}

}  // namespace mesh::call
