// More calls than a cluster may have: its circuit breakers, with real sockets.

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "tests/faults/fault_test.h"

namespace mesh {
namespace {

using ::testing::HasSubstr;
using testing::kClusterType;
using testing::kListenerType;
using testing::kRouteConfigurationType;
using testing::ServiceResources;

// Calls that servers keep open until they are cancelled, and those that end before. Thread-safe.
class OpenCalls {
 public:
  struct Call {
    grpc::ClientContext context;
    testing::EchoRequest request;
    testing::EchoReply reply;
    CallTrace trace;
    grpc::Status status;
    absl::Duration took;
    bool ended = false;
  };

  ~OpenCalls() {
    CancelOpen(calls());
    MutexLock lock(&mutex_);
    while (ended_ < static_cast<int>(calls_.size())) changed_.Wait(&mutex_);
  }

  void Start(testing::Echo::Stub* stub) {
    auto owned = std::make_unique<Call>();
    Call* const call = owned.get();
    {
      MutexLock lock(&mutex_);
      calls_.push_back(std::move(owned));
    }
    const absl::Time begin = clock_.Now();
    const CallTrace::Scope scope(&call->trace);
    stub->async()->Unary(&call->context, &call->request, &call->reply,
                         [this, call, begin](grpc::Status status) {
                           MutexLock lock(&mutex_);
                           call->took = clock_.Now() - begin;
                           call->status = std::move(status);
                           call->ended = true;
                           ++ended_;
                           changed_.SignalAll();
                         });
  }

  int calls() const {
    MutexLock lock(&mutex_);
    return static_cast<int>(calls_.size());
  }
  int ended() const {
    MutexLock lock(&mutex_);
    return ended_;
  }
  // Cancels so many of those that are open, or all if there are fewer.
  void CancelOpen(int count) {
    std::vector<Call*> open;
    {
      MutexLock lock(&mutex_);
      for (const auto& call : calls_) {
        if (!call->ended && static_cast<int>(open.size()) < count) open.push_back(call.get());
      }
    }
    for (Call* call : open) call->context.TryCancel();
  }
  // Those that have ended: they change no more.
  std::vector<const Call*> Ended() const {
    MutexLock lock(&mutex_);
    std::vector<const Call*> ended;
    for (const auto& call : calls_) {
      if (call->ended) ended.push_back(call.get());
    }
    return ended;
  }

 private:
  const SteadyClock clock_{};
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<std::unique_ptr<Call>> calls_ ABSL_GUARDED_BY(mutex_);
  int ended_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Two services whose routes lead to the same cluster, and retry what is unavailable.
class OverloadFaultsTest : public FaultTest {
 protected:
  static constexpr int kLimit = 40;

  OverloadFaultsTest() {
    service_.retry_on = "unavailable";
    service_.num_retries = 2;
    Serve({{"y", 1, 0, {a_.address()}}, {"z", 1, 0, {b_.address()}}});
    ServiceResources other = service_;
    other.name = "other";
    other.cluster_weights = {{"echo-cluster", 1}};
    control_plane_.Set(kListenerType, other.name, other.ListenerBytes());
    control_plane_.Set(kRouteConfigurationType, other.name, other.RouteConfigurationBytes());
    SetLimit(kLimit);
  }

  void SetLimit(uint32_t limit) {
    xds::proto::Cluster cluster;
    ASSERT_TRUE(cluster.ParseFromString(ServiceResources::ClusterBytes("echo-cluster")));
    auto* thresholds = cluster.mutable_circuit_breakers()->add_thresholds();
    thresholds->mutable_max_requests()->set_value(limit);
    control_plane_.Set(kClusterType, "echo-cluster", cluster.SerializeAsString());
    control_plane_.Push(kClusterType);
  }
  // Connects both channels, then has the servers keep every call open.
  void KeepOpen() {
    ReachAll(stub_.get(), {"a", "b"});
    ReachAll(other_.get(), {"a", "b"});
    a_.set_delay(absl::Hours(1));
    b_.set_delay(absl::Hours(1));
    before_ = a_.calls() + b_.calls();
  }
  // Calls that the servers have begun since then.
  int begun() const { return a_.calls() + b_.calls() - before_; }

  static void ExpectRefused(const OpenCalls::Call& call) {
    EXPECT_EQ(call.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(call.status.error_message(),
                HasSubstr(absl::StrCat("max_requests ", kLimit, " reached")));
    const auto& trailers = call.context.GetServerTrailingMetadata();
    const auto overloaded = trailers.find("x-envoy-overloaded");
    ASSERT_NE(overloaded, trailers.end());
    EXPECT_EQ(std::string(overloaded->second.data(), overloaded->second.size()), "true");
    EXPECT_TRUE(call.trace.attempts().empty());
  }

  const std::unique_ptr<testing::Echo::Stub> stub_ = NewStub();
  const std::unique_ptr<testing::Echo::Stub> other_ = NewStub("xds:///other");
  int before_ = 0;
};

// No server ends a call here, so those that have begun are those that were ever open at a time.
TEST_F(OverloadFaultsTest, F23AsManyCallsAreOpenAsMayBeAndTheOthersFailAtOnce) {
  KeepOpen();
  constexpr int kThreads = 4, kCallsEach = 50;
  OpenCalls calls;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, stub = i % 2 == 0 ? stub_.get() : other_.get()] {
      for (int n = 0; n < kCallsEach; ++n) calls.Start(stub);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(Eventually([&] { return calls.ended() == kThreads * kCallsEach - kLimit; }));
  EXPECT_TRUE(Eventually([&] { return begun() == kLimit; }));
  const std::vector<const OpenCalls::Call*> refused = calls.Ended();
  EXPECT_EQ(refused.size(), static_cast<size_t>(kThreads * kCallsEach - kLimit));
  std::vector<absl::Duration> took;
  for (const OpenCalls::Call* call : refused) {
    ExpectRefused(*call);
    took.push_back(call->took);
  }
  ASSERT_FALSE(took.empty());
  std::nth_element(took.begin(), took.begin() + took.size() / 2, took.end());
  Note("refused within, in the middle", took[took.size() / 2]);
  EXPECT_EQ(begun(), kLimit) << "what was refused was tried again";
}

// CB-03: the count is the cluster's, whichever channel its calls come by.
TEST_F(OverloadFaultsTest, F23TwoChannelsShareTheCount) {
  KeepOpen();
  OpenCalls calls;
  for (int i = 0; i < kLimit; ++i) calls.Start(stub_.get());
  EXPECT_TRUE(Eventually([&] { return begun() == kLimit; }));
  EXPECT_EQ(calls.ended(), 0);
  calls.Start(other_.get());
  EXPECT_TRUE(Eventually([&] { return calls.ended() == 1; }));
  ExpectRefused(*calls.Ended()[0]);
  // As many as end make place, for either channel.
  constexpr int kEnd = 10;
  calls.CancelOpen(kEnd);
  EXPECT_TRUE(Eventually([&] { return calls.ended() == 1 + kEnd; }));
  for (int i = 0; i < kEnd; ++i) calls.Start(other_.get());
  EXPECT_TRUE(Eventually([&] { return begun() == kLimit + kEnd; }));
  EXPECT_EQ(calls.ended(), 1 + kEnd);
  for (testing::Echo::Stub* stub : {stub_.get(), other_.get()}) {
    const Outcome outcome = Call(stub);
    EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  }
  EXPECT_EQ(begun(), kLimit + kEnd);
}

}  // namespace
}  // namespace mesh
