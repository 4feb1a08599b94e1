// What a call shares with its application: credentials, interceptors, parents, channels.

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "grpcpp/create_channel.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "mesh/call/call_access.h"
#include "mesh/call/delivery.h"
#include "tests/call/unary_fixture.h"

namespace mesh::call::testing {
namespace {

using CallLifeTest = CallTest;

TEST_F(CallLifeTest, AuthorityIsTheTargetsNameUnlessSet) {
  AddServers(1);
  world_.Publish();
  EchoRequest request;
  EchoReply reply;
  grpc::ClientContext context;
  EXPECT_TRUE(Echo::NewStub(channel_)->Unary(&context, request, &reply).ok());
  EXPECT_EQ(call_access::Authority(context), "") << "the application's own is back";
}

class TokenPlugin final : public grpc::MetadataCredentialsPlugin {
 public:
  grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
                           std::multimap<grpc::string, grpc::string>* metadata) override {
    metadata->insert({"authorization", "token " + std::to_string(++count)});
    return grpc::Status::OK;
  }
  std::atomic<int> count{0};
};

TEST_F(CallLifeTest, CallCredentialsAreAskedForEachAttempt) {
  mesh::testing::EchoServer failing("failing", "127.0.0.1:0",
                                    grpc::experimental::LocalServerCredentials(LOCAL_TCP));
  mesh::testing::EchoServer healthy("healthy", "127.0.0.1:0",
                                    grpc::experimental::LocalServerCredentials(LOCAL_TCP));
  const auto credentials = grpc::experimental::LocalCredentials(LOCAL_TCP);
  world_.AddEndpoint(failing.address(), credentials);
  world_.AddEndpoint(healthy.address(), credentials);
  world_.Publish(CallWorld::Retries(1));
  failing.FailAlways();
  grpc::ClientContext context;
  // Local credentials have no security level that would let a token pass: ask for none.
  context.set_credentials(grpc::experimental::MetadataCredentialsFromPlugin(
      std::make_unique<TokenPlugin>(), GRPC_SECURITY_NONE));
  EchoRequest request;
  EchoReply reply;
  const grpc::Status status = Echo::NewStub(channel_)->Unary(&context, request, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply.server(), "healthy");
  EXPECT_EQ(First(context.GetServerTrailingMetadata(), "saw-authorization"), "token 2");
  ASSERT_NE(context.auth_context(), nullptr);
  EXPECT_FALSE(context.auth_context()->FindPropertyValues("transport_security_type").empty());
}

// Counts what an application's interceptor sees, and adds a metadata entry.
struct Seen {
  std::atomic<int> calls{0};
  std::atomic<int> ok{0};
  std::atomic<int> failed{0};
};

class AppInterceptor final : public grpc::experimental::Interceptor {
 public:
  explicit AppInterceptor(Seen* seen) : seen_(seen) { ++seen_->calls; }
  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_INITIAL_METADATA)) {
      batch->GetSendInitialMetadata()->insert({"x-user", "interceptor"});
    }
    if (batch->QueryInterceptionHookPoint(Point::POST_RECV_STATUS)) {
      ++(batch->GetRecvStatus()->ok() ? seen_->ok : seen_->failed);
    }
    batch->Proceed();
  }

 private:
  Seen* const seen_;
};

class AppFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit AppFactory(Seen* seen) : seen_(seen) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new AppInterceptor(seen_);
  }

 private:
  Seen* const seen_;
};

TEST_F(CallLifeTest, ApplicationInterceptorSeesOneCall) {
  Seen seen;
  CallWorld world({std::make_shared<AppFactory>(&seen)});
  world.AddEndpoint(a_.address());
  world.AddEndpoint(b_.address());
  world.Publish(CallWorld::Retries(1));
  a_.FailAlways();
  const auto channel = world.NewChannel();
  int calls = 0;
  for (Style style : {Style::kSync, Style::kLambda, Style::kReactor, Style::kAsync}) {
    grpc::ClientContext context;
    EchoRequest request;
    EchoReply reply;
    EXPECT_TRUE(CallUnary(style, channel, &context, request, &reply).ok());
    EXPECT_EQ(First(context.GetServerTrailingMetadata(), "saw-x-user"), "interceptor");
    EXPECT_EQ(seen.calls, ++calls);
  }
  EXPECT_EQ(seen.ok, calls);
  EXPECT_EQ(seen.failed, 0);
}

TEST_F(CallLifeTest, ApplicationInterceptorSeesAHeldCallOnce) {
  Seen seen;
  CallWorld world({std::make_shared<AppFactory>(&seen)});
  world.AddEndpoint(a_.address());
  const auto channel = world.NewChannel();
  std::thread publisher([&] {
    EXPECT_TRUE(Eventually([&] { return world.core().registry().size() == 1; }));
    world.Publish();
  });
  grpc::ClientContext context;
  EchoRequest request;
  EchoReply reply;
  EXPECT_TRUE(CallUnary(Style::kSync, channel, &context, request, &reply).ok());
  publisher.join();
  EXPECT_EQ(First(context.GetServerTrailingMetadata(), "saw-x-user"), "interceptor");
  EXPECT_EQ(seen.calls, 1);
  EXPECT_EQ(seen.ok, 1);
}

TEST_F(CallLifeTest, CallInsideAServersHandlerIsCancelledWithItsParent) {
  AddServers(2);
  world_.Publish(CallWorld::Retries(1));
  a_.FailAlways();
  b_.set_delay(absl::Seconds(10));

  struct Front final : Echo::Service {
    grpc::Status Unary(grpc::ServerContext* context, const EchoRequest* request,
                       EchoReply* reply) override {
      const auto child = grpc::ClientContext::FromServerContext(*context);
      const grpc::Status status = Echo::NewStub(channel)->Unary(child.get(), *request, reply);
      outcome.set_value(status);
      return status;
    }
    std::shared_ptr<grpc::ChannelInterface> channel;
    std::promise<grpc::Status> outcome;
  } front;
  front.channel = channel_;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&front);
  const auto server = builder.BuildAndStart();
  const auto stub = Echo::NewStub(
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  std::thread canceller([&] {
    EXPECT_TRUE(Eventually([&] { return b_.calls() == 1; }));
    context.TryCancel();
  });
  EchoRequest request;
  EchoReply reply;
  stub->Unary(&context, request, &reply);
  canceller.join();
  EXPECT_EQ(front.outcome.get_future().get().error_code(), grpc::StatusCode::CANCELLED);
  b_.set_delay(absl::ZeroDuration());
  server->Shutdown();
}

TEST_F(CallLifeTest, CoreIsUnusedWhenTheLastChannelIsGone) {
  int unused = 0;
  world_.OnSerializer([&] { world_.core().SetUnusedObserver([&] { ++unused; }); });
  auto second = world_.NewChannel();
  channel_ = nullptr;
  world_.OnSerializer([] {});
  EXPECT_EQ(unused, 0);
  second = nullptr;
  world_.OnSerializer([] {});
  EXPECT_EQ(unused, 1);
}

TEST_F(CallLifeTest, ClustersAreLetGoOf) {
  AddServers(1);
  world_.Publish();
  EXPECT_EQ(world_.cluster().observers(), 1u);
  world_.PublishError(absl::NotFoundError("gone"));
  EXPECT_EQ(world_.cluster().observers(), 0u);
  world_.Publish();
  world_.Publish();
  EXPECT_EQ(world_.cluster().observers(), 1u);
  world_.DestroyMesh();
  EXPECT_EQ(world_.cluster().observers(), 0u);
}

TEST_F(CallLifeTest, SnapshotSaysRoutesClustersAndErrors) {
  AddServers(1);
  world_.Publish(CallWorld::Retries(2));
  Snapshot snapshot = world_.snapshot();
  EXPECT_EQ(snapshot.target, "test:///service");
  EXPECT_EQ(snapshot.error, "");
  ASSERT_EQ(snapshot.routes.size(), 1u);
  EXPECT_EQ(snapshot.routes[0].retry, "UNAVAILABLE, at most 2 retries");
  ASSERT_EQ(snapshot.routes[0].clusters.size(), 1u);
  EXPECT_EQ(snapshot.routes[0].clusters[0].cluster, "c");
  ASSERT_EQ(snapshot.clusters.size(), 1u);
  EXPECT_EQ(snapshot.clusters[0].state, "ready");
  world_.PublishError(absl::NotFoundError("gone"));
  snapshot = world_.snapshot();
  EXPECT_EQ(snapshot.error, "gone");
  EXPECT_TRUE(snapshot.routes.empty());
}

}  // namespace
}  // namespace mesh::call::testing
