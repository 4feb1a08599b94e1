// The main job on an executor that the application brings (Options::executor): one thread, several
// threads, the application's own loop; shared by meshes; stuck while a mesh ends.

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "gmock/gmock.h"
#include "grpcpp/completion_queue.h"
#include "mesh/base/clock.h"
#include "mesh/base/mutex.h"
#include "mesh/base/thread_executor.h"
#include "tests/mesh/main_job.h"

namespace mesh {
namespace {

using ::testing::ElementsAre;

// Counts what it hands on to an executor of its own. Thread-safe.
class OneThread final : public Executor {
 public:
  void Post(Task task) override {
    ++posted;
    inner_.Post(std::move(task));
  }
  TimerId PostAfter(absl::Duration delay, Task task) override {
    return inner_.PostAfter(delay, std::move(task));
  }
  bool Cancel(TimerId timer) override { return inner_.Cancel(timer); }

  std::atomic<int> posted{0};

 private:
  SteadyClock clock_;
  ThreadExecutor inner_{&clock_};
};

// Deals tasks out to three threads, which run them at the same time. Thread-safe.
class SeveralThreads final : public Executor {
 public:
  void Post(Task task) override { threads_[++next_ % 3].Post(std::move(task)); }
  TimerId PostAfter(absl::Duration delay, Task task) override {
    return threads_[0].PostAfter(delay, std::move(task));
  }
  bool Cancel(TimerId timer) override { return threads_[0].Cancel(timer); }

 private:
  SteadyClock clock_;
  ThreadExecutor threads_[3] = {ThreadExecutor(&clock_), ThreadExecutor(&clock_),
                                ThreadExecutor(&clock_)};
  std::atomic<uint32_t> next_{0};
};

// Runs nothing but what its owner's loop runs. Thread-safe.
class Loop final : public Executor {
 public:
  void Post(Task task) override {
    MutexLock lock(&mutex_);
    ready_.push_back(std::move(task));
  }
  TimerId PostAfter(absl::Duration delay, Task task) override {
    MutexLock lock(&mutex_);
    timers_.emplace(++last_, std::make_pair(clock_.Now() + delay, std::move(task)));
    return last_;
  }
  bool Cancel(TimerId timer) override {
    Task cancelled;  // destroyed under no lock
    MutexLock lock(&mutex_);
    const auto found = timers_.find(timer);
    if (found == timers_.end()) return false;
    cancelled = std::move(found->second.second);
    timers_.erase(found);
    return true;
  }

  // Runs what is ready or due. Returns whether there was anything.
  bool Turn() {
    std::vector<Task> tasks;
    {
      MutexLock lock(&mutex_);
      tasks.swap(ready_);
      for (auto timer = timers_.begin(); timer != timers_.end();) {
        if (timer->second.first > clock_.Now()) {
          ++timer;
          continue;
        }
        tasks.push_back(std::move(timer->second.second));
        timer = timers_.erase(timer);
      }
    }
    for (Task& task : tasks) task();
    return !tasks.empty();
  }

 private:
  SteadyClock clock_;
  Mutex mutex_;
  TimerId last_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Task> ready_ ABSL_GUARDED_BY(mutex_);
  std::map<TimerId, std::pair<absl::Time, Task>> timers_ ABSL_GUARDED_BY(mutex_);
};

enum class Kind { kOneThread, kSeveralThreads };

class InjectedExecutorTest : public MainJobTest, public ::testing::WithParamInterface<Kind> {
 protected:
  InjectedExecutorTest() {
    executor_ = GetParam() == Kind::kOneThread
                    ? std::unique_ptr<Executor>(std::make_unique<OneThread>())
                    : std::make_unique<SeveralThreads>();
    options_.executor = executor_.get();
  }
  ~InjectedExecutorTest() override { mesh_.reset(); }  // before the executor

  std::unique_ptr<Executor> executor_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, InjectedExecutorTest,
                         ::testing::Values(Kind::kOneThread, Kind::kSeveralThreads),
                         [](const auto& kind) {
                           return kind.param == Kind::kOneThread ? "OneThread" : "SeveralThreads";
                         });

TEST_P(InjectedExecutorTest, TheMainJob) {
  service_.retry_on = "unavailable";
  Serve(One({a_.address(), b_.address()}));
  std::atomic<int> told{0};
  const auto observation = mesh().Watch("xds:///echo", [&told](const Snapshot&) { ++told; });
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "a"));
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "b"));
  EXPECT_THAT(Answering(stub.get()), ElementsAre("a", "b"));
  // An update.
  Serve(One({b_.address(), c_.address()}));
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "c"));
  EXPECT_THAT(Answering(stub.get()), ElementsAre("b", "c"));
  // The control plane goes and comes; an endpoint goes and comes.
  control_plane_.Stop();
  b_.Kill();
  EXPECT_THAT(Answering(stub.get(), 100), ElementsAre("c"));
  ASSERT_TRUE(b_.Start());
  ASSERT_TRUE(control_plane_.Start());
  EXPECT_TRUE(CallUntilServedBy(stub.get(), "b"));
  EXPECT_GT(told, 0);
  EXPECT_EQ(Explain().outcome, Explanation::Outcome::kServed);
}

TEST_P(InjectedExecutorTest, CallsInFlightEndWithTheMesh) {
  Serve(One({a_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  ASSERT_TRUE(Call(stub.get()).status.ok());
  a_.set_delay(absl::Seconds(30));
  std::vector<std::future<Outcome>> calls;
  for (int i = 0; i < 8; ++i) {
    calls.push_back(
        std::async(std::launch::async, [&] { return Call(stub.get(), absl::Seconds(60)); }));
  }
  while (a_.calls() < 9) std::this_thread::yield();
  const auto begin = std::chrono::steady_clock::now();
  mesh_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  for (std::future<Outcome>& call : calls) EXPECT_FALSE(call.get().status.ok());
}

TEST_P(InjectedExecutorTest, MeshesShareIt) {
  Serve(One({a_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  ASSERT_TRUE(Call(stub.get()).status.ok());
  for (int i = 0; i < 20; ++i) {
    Options options = options_;
    absl::StatusOr<std::unique_ptr<Mesh>> other = Mesh::Create(options);
    ASSERT_TRUE(other.ok()) << other.status();
    const auto others = testing::Echo::NewStub((*other)->Channel("xds:///echo"));
    EXPECT_TRUE(Call(others.get()).status.ok());
    other->reset();
    EXPECT_EQ(Call(others.get()).status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_TRUE(Call(stub.get()).status.ok());
  }
}

TEST(InjectedExecutor, IsTheOneThatIsUsed) {
  OneThread executor;
  Options options;
  options.executor = &executor;
  const absl::StatusOr<std::unique_ptr<Mesh>> mesh = Mesh::Create(options);
  ASSERT_TRUE(mesh.ok());
  const int before = executor.posted;
  std::promise<void> told;
  (*mesh)->Explain("static:///1.1.1.1:1", {"/s/m", {}}, absl::ZeroDuration(),
                   [&told](const Explanation&) { told.set_value(); });
  told.get_future().wait();
  EXPECT_GT(executor.posted, before);
}

// An application of one thread: its loop runs the mesh's tasks and its own completion queue.
class OwnLoopTest : public MainJobTest {
 protected:
  OwnLoopTest() { options_.executor = &loop_; }
  // The loop never turns again: what it was given by then is destroyed unrun.
  ~OwnLoopTest() override { mesh_.reset(); }

  // One asynchronous call, until it has ended. For 10 s at most.
  Outcome CallInLoop(testing::Echo::Stub* stub) {
    grpc::CompletionQueue queue;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    testing::EchoRequest request;
    testing::EchoReply reply;
    Outcome outcome;
    const auto call = stub->AsyncUnary(&context, request, &queue);
    call->Finish(&reply, &outcome.status, &outcome);
    void* tag = nullptr;
    bool ok = false;
    while (queue.AsyncNext(&tag, &ok,
                           std::chrono::system_clock::now() + std::chrono::milliseconds(1)) !=
           grpc::CompletionQueue::GOT_EVENT) {
      loop_.Turn();
    }
    outcome.server = reply.server();
    return outcome;
  }

  Loop loop_;
};

TEST_F(OwnLoopTest, TheMainJob) {
  Serve(One({a_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  const Outcome first = CallInLoop(stub.get());
  EXPECT_TRUE(first.status.ok()) << first.status.error_message();
  EXPECT_EQ(first.server, "a");
  Serve(One({b_.address()}));
  Outcome outcome;
  for (int i = 0; i < 10000 && outcome.server != "b"; ++i) {
    loop_.Turn();
    outcome = CallInLoop(stub.get());
    ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  }
  EXPECT_EQ(outcome.server, "b");
}

// Well below wire::Pump::kLinger, for which it would wait for channels that nobody destroys.
TEST_F(OwnLoopTest, AnIdleMeshEndsAtOnceThoughItsExecutorRunsNothing) {
  Serve(One({a_.address(), b_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  ASSERT_TRUE(CallInLoop(stub.get()).status.ok());
  const auto begin = std::chrono::steady_clock::now();
  mesh_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(800));
}

TEST_F(OwnLoopTest, AMeshEndsThoughItsExecutorRunsNothing) {
  Serve(One({a_.address(), b_.address()}));
  const std::unique_ptr<testing::Echo::Stub> stub = NewStub();
  ASSERT_TRUE(CallInLoop(stub.get()).status.ok());
  a_.set_delay(absl::Seconds(30));
  b_.set_delay(absl::Seconds(30));
  const int before = a_.calls() + b_.calls();
  std::future<Outcome> call =
      std::async(std::launch::async, [&] { return Call(stub.get(), absl::Seconds(60)); });
  while (a_.calls() + b_.calls() == before) std::this_thread::yield();
  const auto begin = std::chrono::steady_clock::now();
  mesh_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  EXPECT_FALSE(call.get().status.ok());
}

}  // namespace
}  // namespace mesh
