// Threads that use connections while these are replaced: a connection that somebody uses is alive;
// and threads that use connections with a limit: none has more calls than it while there is room
// on another, nor has had more than it may have. For the sanitizers, too.

#include <atomic>
#include <limits>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/base/clock.h"
#include "mesh/base/random.h"
#include "mesh/base/serializer.h"
#include "mesh/base/thread_executor.h"
#include "mesh/cluster/connection_set.h"

namespace mesh::cluster {
namespace {

// Ready as soon as it is asked for. Says whether it lives.
class Short final : public wire::Connection {
 public:
  Short(Serializer* serializer, Observer* observer, std::atomic<int>* live, bool comes)
      : serializer_(serializer), observer_(observer), live_(live), comes_(comes) {
    live_->fetch_add(1);
  }
  ~Short() override {
    alive_ = false;
    live_->fetch_sub(1);
  }

  void Connect() override {
    if (!comes_) return;
    serializer_->Post([weak = std::weak_ptr<Short*>(self_)] {
      const std::shared_ptr<Short*> self = weak.lock();
      if (self == nullptr) return;
      (*self)->state_ = wire::ConnectionState::kReady;
      (*self)->observer_->OnConnectionState(wire::ConnectionState::kReady, absl::OkStatus());
    });
  }
  void Disconnect() override {}
  void Recheck() override {}
  wire::ConnectionState state() const override { return state_; }
  const std::shared_ptr<grpc::Channel>& channel() const override { return channel_; }
  bool alive() const { return alive_; }

  std::atomic<int> calls{0};  // for a test
  std::atomic<int> begun{0};  // the same

 private:
  Serializer* const serializer_;
  Observer* const observer_;
  std::atomic<int>* const live_;
  const bool comes_;
  const std::shared_ptr<Short*> self_ = std::make_shared<Short*>(this);
  const std::shared_ptr<grpc::Channel> channel_;
  std::atomic<wire::ConnectionState> state_{wire::ConnectionState::kIdle};
  bool alive_ = true;  // not atomic: the sanitizers are to see a use that is late
};

class ShortConnector final : public wire::Connector {
 public:
  explicit ShortConnector(Serializer* serializer) : serializer_(serializer) {}
  std::unique_ptr<wire::Connection> Create(const wire::ConnectionKey&,
                                           wire::Connection::Observer* observer) override {
    const bool comes = made.fetch_add(1) < most_ready;
    return std::make_unique<Short>(serializer_, observer, &live, comes);
  }
  int most_ready = std::numeric_limits<int>::max();  // those that are made later never come
  std::atomic<int> made{0};
  std::atomic<int> live{0};

 private:
  Serializer* const serializer_;
};

class Ignorant final : public wire::Connection::Observer {
 public:
  void OnConnectionState(wire::ConnectionState, const absl::Status&) override {}
};

// A set of such connections, asked for.
class ConnectionSetStressTest : public ::testing::Test {
 protected:
  void Begin(const model::ConnectionOptions& options) {
    auto context = std::make_shared<ConnectionSet::Context>();
    context->connector = &connector_;
    context->serializer = &serializer_;
    context->random = random_.get();
    context->mailbox = mailbox_;
    set_ =
        std::make_unique<ConnectionSet>(context, wire::ConnectionKey{"a:1", options}, &observer_);
    serializer_.RunAndWait([&] { set_->Connect(); });
  }
  // Until so many are ready: as many calls as fit are on all of them then. Returns these.
  std::set<Short*> UseUntilThereAre(size_t connections, size_t limit) {
    // What begins before that is not counted.
    while (set_->state() != wire::ConnectionState::kReady) std::this_thread::yield();
    std::set<Short*> seen;
    while (seen.size() < connections) {
      std::vector<wire::ConnectionUse> uses(limit * connections);
      for (wire::ConnectionUse& use : uses) {
        use = set_->Use();
        auto* const connection = static_cast<Short*>(use.connection());
        connection->begun.fetch_add(1);
        seen.insert(connection);
      }
      std::this_thread::yield();
    }
    return seen;
  }
  // Three threads, each with some calls at a time, until there were so many replacements.
  void UseAgainstReplacements(int replacements);
  void End() {
    serializer_.RunAndWait([&] { set_->Stop(); });
    serializer_.RunAndWait([&] {
      set_ = nullptr;
      mailbox_->Close();
    });
    serializer_.Shutdown();
    EXPECT_EQ(connector_.live.load(), 0);
  }

  const SteadyClock clock_{};
  const std::unique_ptr<Random> random_ = NewSeededRandom(7);
  ThreadExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  ShortConnector connector_{&serializer_};
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>(&serializer_);
  Ignorant observer_;
  std::unique_ptr<ConnectionSet> set_;
};

void ConnectionSetStressTest::UseAgainstReplacements(int replacements) {
  std::atomic<bool> stop{false};
  std::atomic<int> dead{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      std::vector<wire::ConnectionUse> held(1 + i);
      for (size_t n = 0; !stop.load(std::memory_order_relaxed); ++n) {
        wire::ConnectionUse use = set_->Use();
        wire::ConnectionUse& older = held[n % held.size()];
        for (const wire::ConnectionUse* each : {&use, &older}) {
          const auto* connection = static_cast<Short*>(each->connection());
          if (connection != nullptr && !connection->alive()) dead.fetch_add(1);
        }
        older = std::move(use);
      }
    });
  }
  while (connector_.made.load() < replacements) std::this_thread::yield();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  End();
  EXPECT_EQ(dead.load(), 0);
}

TEST_F(ConnectionSetStressTest, UsesAgainstReplacements) {
  model::ConnectionOptions options;
  options.max_duration = absl::Microseconds(50);
  Begin(options);
  UseAgainstReplacements(500);
}

TEST_F(ConnectionSetStressTest, UsesAgainstReplacementsOfSeveral) {
  model::ConnectionOptions options;
  options.max_duration = absl::Microseconds(500);
  options.max_concurrent_calls = 2;
  options.max_calls = 3;
  options.idle_timeout = absl::Microseconds(200);
  Begin(options);
  UseAgainstReplacements(2000);
}

// Three connections of two calls each, and three threads with two calls each at most: all places
// are taken at times, and then one is free somewhere, but never where it was a moment ago.
TEST_F(ConnectionSetStressTest, NoConnectionHasMoreThanItsLimitWhileThereIsRoom) {
  constexpr int kLimit = 2;
  constexpr int kConnections = 3;
  constexpr int kCalls = 500000;
  model::ConnectionOptions options;
  options.max_concurrent_calls = kLimit;
  options.idle_timeout = absl::InfiniteDuration();
  connector_.most_ready = kConnections;
  Begin(options);
  UseUntilThereAre(kConnections, kLimit);
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kConnections; ++i) {
    threads.emplace_back([&] {
      wire::ConnectionUse held[kLimit];
      for (int n = 0; n < kCalls; ++n) {
        wire::ConnectionUse& use = held[n % kLimit];
        if (use.connection() != nullptr) {
          static_cast<Short*>(use.connection())->calls.fetch_sub(1);
          use.Release();
        }
        use = set_->Use();
        const int calls = static_cast<Short*>(use.connection())->calls.fetch_add(1) + 1;
        if (calls > most.load()) most = calls;
      }
      for (wire::ConnectionUse& use : held) {
        static_cast<Short*>(use.connection())->calls.fetch_sub(1);
        use.Release();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  End();
  EXPECT_EQ(most.load(), kLimit);
}

// Three connections, and never another that is ready. Two threads with a call each: one that has
// not had its calls has room.
TEST_F(ConnectionSetStressTest, NoConnectionHasMoreThanItsCallsWhileAnotherHasNotHadThem) {
  constexpr int kLimit = 2;
  constexpr int kConnections = 3;
  constexpr int kCalls = 100000;
  model::ConnectionOptions options;
  options.max_concurrent_calls = kLimit;
  options.max_calls = kCalls;
  options.idle_timeout = absl::InfiniteDuration();
  connector_.most_ready = kConnections;
  Begin(options);
  const std::set<Short*> connections = UseUntilThereAre(kConnections, kLimit);
  std::atomic<int> left{kConnections * kCalls};
  for (const Short* connection : connections) left.fetch_sub(connection->begun.load());
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (left.fetch_sub(1) > 0) {
        const wire::ConnectionUse use = set_->Use();
        static_cast<Short*>(use.connection())->begun.fetch_add(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Short* connection : connections) EXPECT_EQ(connection->begun.load(), kCalls);
  End();
}

}  // namespace
}  // namespace mesh::cluster
