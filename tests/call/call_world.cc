#include "tests/call/call_world.h"

#include <chrono>
#include <thread>
#include <utility>

#include "grpcpp/channel.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/support/channel_arguments.h"
#include "gtest/gtest.h"
#include "mesh/call/channel.h"

namespace mesh::call::testing {
namespace {

// A connection that is always ready.
class FakeConnection final : public wire::Connection {
 public:
  explicit FakeConnection(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {}
  void Connect() override {}
  void Disconnect() override {}
  void Recheck() override {}
  wire::ConnectionState state() const override { return wire::ConnectionState::kReady; }
  const std::shared_ptr<grpc::Channel>& channel() const override { return channel_; }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
};

std::shared_ptr<grpc::Channel> CreateEndpointChannel(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    const std::vector<SharedFactory>& interceptors) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // Secure channels refuse calls for another host than they were made for.
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "service");
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      "ipv4:///" + address, credentials, arguments, MakeInterceptorFactories(interceptors));
}

}  // namespace

class CallWorld::FakeResolver final : public resolver::Resolver {
 public:
  void Start(resolver::ResolverObserver* observer) override { observer_ = observer; }
  resolver::ResolverObserver* observer() const { return observer_; }

 private:
  resolver::ResolverObserver* observer_ = nullptr;
};

CallWorld::CallWorld(std::vector<SharedFactory> interceptors)
    : executor_(&clock_),
      reaper_(std::make_shared<Reaper>(&executor_)),
      serializer_(&executor_),
      epochs_(std::make_shared<EpochDomain>()),
      pump_(std::make_unique<wire::Pump>()),
      interceptors_(std::move(interceptors)),
      cluster_(std::make_shared<FakeCluster>("c")),
      clusters_(cluster_) {
  CallEnvironment::Options options;
  options.serializer = &serializer_;
  options.clock = &clock_;
  options.clusters = &clusters_;
  options.epochs = epochs_;
  options.reaper = reaper_;
  options.grpc = std::make_shared<GrpcParts>(pump_.get(), reaper_, interceptors_);
  options.hurry = [pump = pump_.get()] { return std::make_shared<wire::Pump::Hold>(pump); };
  options.attempt_observer = [this](const AttemptRecord& attempt) {
    MutexLock lock(&mutex_);
    if (on_attempt_) on_attempt_();
    ++(attempt.status_code == 0 ? ended_.ok : ended_.failed);
    last_attempt_ = {std::string(attempt.method), std::string(attempt.address), attempt.latency};
  };
  environment_ = CallEnvironment::Create(std::move(options));
  auto resolver = std::make_unique<FakeResolver>();
  resolver_ = resolver.get();
  ChannelCore::Options core;
  core.environment = environment_;
  core.target = "test:///service";
  core.authority = "service";
  core.resolver = std::move(resolver);
  core_ = ChannelCore::Create(std::move(core));
  OnSerializer([this] { core_->Start(); });
}

CallWorld::~CallWorld() {
  DestroyMesh();
  // The observer of attempts refers to this.
  Eventually([&] { return in_flight() == 0; });
  for (cluster::Endpoint* endpoint : endpoints_) endpoint->Retire();
  core_ = nullptr;
  environment_ = nullptr;
}

std::shared_ptr<grpc::ChannelInterface> CallWorld::NewChannel() { return call::NewChannel(core_); }

cluster::Endpoint* CallWorld::AddEndpoint(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  auto* const endpoint = new cluster::Endpoint(address, reaper_, cluster::Endpoint::Hearing{});
  endpoint->SetConnection(
      std::make_shared<FakeConnection>(CreateEndpointChannel(address, credentials, interceptors_)));
  endpoints_.push_back(endpoint);
  return endpoint;
}

void CallWorld::Connect() {
  for (const cluster::Endpoint* endpoint : endpoints_) {
    EXPECT_TRUE(endpoint->connection().channel()->WaitForConnected(
        std::chrono::system_clock::now() + std::chrono::seconds(10)));
  }
}

void CallWorld::Publish(std::optional<model::RetryPolicy> retry, absl::Duration timeout) {
  cluster_->Set(endpoints_);
  PublishConfig(std::move(retry), timeout);
}

void CallWorld::PublishPending(absl::Duration timeout) {
  cluster_->Set({});
  PublishConfig({}, timeout);
}

void CallWorld::PublishFailing(const absl::Status& status) {
  cluster_->Set({}, status);
  PublishConfig({}, absl::InfiniteDuration());
}

void CallWorld::PublishConfig(std::optional<model::RetryPolicy> retry, absl::Duration timeout) {
  auto routes = std::make_shared<model::RouteConfiguration>();
  model::Route route;
  route.clusters.push_back({"c", 1});
  route.retry = std::move(retry);
  route.timeout = timeout;
  routes->virtual_hosts.push_back({"v", {"*"}, {std::move(route)}});
  auto cluster = std::make_shared<model::ClusterConfig>();
  cluster->key.cluster = "c";
  auto config = std::make_shared<model::ServiceConfig>();
  config->virtual_host = &routes->virtual_hosts.front();
  config->routes = std::move(routes);
  config->clusters.push_back(std::move(cluster));
  OnSerializer([&] { resolver_->observer()->OnConfig(config); });
}

void CallWorld::PublishError(const absl::Status& status) {
  OnSerializer([&] { resolver_->observer()->OnError(status); });
}

void CallWorld::SetEndpoints(std::vector<cluster::Endpoint*> endpoints,
                             const absl::Status& failure) {
  cluster_->Set(std::move(endpoints), failure);
  OnSerializer([this] { cluster_->NotifyObservers(); });
}

void CallWorld::set_on_attempt(std::function<void()> on_attempt) {
  MutexLock lock(&mutex_);
  on_attempt_ = std::move(on_attempt);
}

void CallWorld::DestroyMesh() {
  if (std::exchange(destroyed_, true)) return;
  OnSerializer([this] { core_->Shutdown(absl::UnavailableError("mesh was destroyed")); });
  environment_->Close();
  pump_ = nullptr;
  serializer_.Shutdown();
}

model::RetryPolicy CallWorld::Retries(uint32_t retries) {
  model::RetryPolicy policy;
  policy.retry_on.insert(14);
  policy.num_retries = retries;
  return policy;
}

uint64_t CallWorld::in_flight() const {
  uint64_t in_flight = 0;
  for (const cluster::Endpoint* endpoint : endpoints_) in_flight += endpoint->in_flight();
  return in_flight;
}

CallWorld::LastAttempt CallWorld::last_attempt() const {
  MutexLock lock(&mutex_);
  return last_attempt_;
}

CallWorld::Attempts CallWorld::ended() const {
  MutexLock lock(&mutex_);
  return ended_;
}

Snapshot CallWorld::snapshot() {
  Snapshot snapshot;
  OnSerializer([&] { core_->FillSnapshot(&snapshot); });
  return snapshot;
}

void CallWorld::OnSerializer(std::function<void()> task) {
  serializer_.RunAndWait(std::move(task));
}

bool Eventually(const std::function<bool()>& condition) {
  const SteadyClock clock;
  const absl::Time end = clock.Now() + absl::Seconds(5);
  while (!condition()) {
    if (clock.Now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace mesh::call::testing
