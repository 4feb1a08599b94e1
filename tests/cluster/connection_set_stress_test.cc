// Threads that use connections while these are replaced: a connection that somebody uses is alive.
// For the sanitizers.

#include <atomic>
#include <memory>
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
  Short(Serializer* serializer, Observer* observer, std::atomic<int>* live)
      : serializer_(serializer), observer_(observer), live_(live) {
    live_->fetch_add(1);
  }
  ~Short() override {
    alive_ = false;
    live_->fetch_sub(1);
  }

  void Connect() override {
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

 private:
  Serializer* const serializer_;
  Observer* const observer_;
  std::atomic<int>* const live_;
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
    made.fetch_add(1);
    return std::make_unique<Short>(serializer_, observer, &live);
  }
  std::atomic<int> made{0};
  std::atomic<int> live{0};

 private:
  Serializer* const serializer_;
};

class Ignorant final : public wire::Connection::Observer {
 public:
  void OnConnectionState(wire::ConnectionState, const absl::Status&) override {}
};

TEST(ConnectionSetStressTest, UsesAgainstReplacements) {
  constexpr int kReplacements = 500;
  const SteadyClock clock;
  const std::unique_ptr<Random> random = NewSeededRandom(7);
  ThreadExecutor executor(&clock);
  Serializer serializer(&executor);
  ShortConnector connector(&serializer);
  const auto mailbox = std::make_shared<Mailbox>(&serializer);
  auto context = std::make_shared<ConnectionSet::Context>();
  context->connector = &connector;
  context->serializer = &serializer;
  context->random = random.get();
  context->mailbox = mailbox;
  wire::ConnectionKey key;
  key.options.max_duration = absl::Microseconds(50);
  Ignorant observer;
  auto set = std::make_unique<ConnectionSet>(context, key, &observer);
  serializer.RunAndWait([&] { set->Connect(); });

  std::atomic<bool> stop{false};
  std::atomic<int> dead{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      std::vector<wire::ConnectionUse> held(1 + i);
      for (size_t n = 0; !stop.load(std::memory_order_relaxed); ++n) {
        wire::ConnectionUse use = set->Use();
        wire::ConnectionUse& older = held[n % held.size()];
        for (const wire::ConnectionUse* each : {&use, &older}) {
          const auto* connection = static_cast<Short*>(each->connection());
          if (connection != nullptr && !connection->alive()) dead.fetch_add(1);
        }
        older = std::move(use);
      }
    });
  }
  while (connector.made.load() < kReplacements) std::this_thread::yield();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  serializer.RunAndWait([&] { set->Stop(); });
  serializer.RunAndWait([&] {
    set = nullptr;
    mailbox->Close();
  });
  serializer.Shutdown();
  EXPECT_EQ(dead.load(), 0);
  EXPECT_EQ(connector.live.load(), 0);
}

}  // namespace
}  // namespace mesh::cluster
