#include "mesh/wire/pump.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "grpc/support/time.h"
#include "grpcpp/alarm.h"
#include "gtest/gtest.h"
#include "tests/wire/runtime.h"

namespace mesh::wire {
namespace {

// An operation that is done at once, and says when the pump noticed.
class Ping final : public Pump::Tag {
 public:
  explicit Ping(Pump* pump) : pump_(pump) {}

  void Start() {
    alarm_.Set(pump_->queue(), gpr_inf_past(GPR_CLOCK_REALTIME), static_cast<Pump::Tag*>(this));
  }
  void OnEvent(bool ok) override {
    events_.Update([&](int& events) { ++events; });
    if (!ok) failed_ = true;
  }
  bool WaitFor(int events, absl::Duration timeout = absl::Seconds(10)) {
    return events_.WaitFor([&](int seen) { return seen >= events; }, timeout);
  }
  absl::Duration Latency(int number) {
    const absl::Time start = clock_.Now();
    Start();
    EXPECT_TRUE(WaitFor(number));
    return clock_.Now() - start;
  }
  bool failed() const { return failed_; }

 private:
  const SteadyClock clock_;
  Pump* const pump_;
  grpc::Alarm alarm_;
  Watched<int> events_;
  std::atomic<bool> failed_{false};
};

// Makes calls as long as it lives, the first one in its constructor.
class Caller {
 public:
  explicit Caller(Pump* pump) {
    pump->NoteCall();
    thread_ = std::thread([this, pump] {
      while (!stop_) {
        pump->NoteCall();
        std::this_thread::yield();
      }
    });
  }
  ~Caller() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

absl::Duration Median(std::vector<absl::Duration> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

// The latencies of pings, each started when the last one was noticed.
std::vector<absl::Duration> Latencies(Pump* pump) {
  Ping ping(pump);
  std::vector<absl::Duration> all;
  for (int i = 1; i <= 40; ++i) all.push_back(ping.Latency(i));
  EXPECT_FALSE(ping.failed());
  return all;
}

bool IsNap(absl::Duration latency) { return latency > Pump::kCadence / 2; }

// Whether the pump blocks. One hiccup of the machine is allowed.
bool ReactsAtOnce(Pump* pump) {
  const std::vector<absl::Duration> latencies = Latencies(pump);
  return std::count_if(latencies.begin(), latencies.end(), IsNap) <= 1;
}

// Whether the pump is on its cadence. It goes on as long as there is something to do, so some
// pings in a row may be noticed at once between two naps.
bool Naps(Pump* pump) {
  Ping ping(pump);
  int naps = 0;
  for (int i = 1; i <= 5000 && naps < 3; ++i) naps += IsNap(ping.Latency(i));
  return naps == 3;
}

TEST(PumpTest, EndsWithoutAnyOperation) { Pump pump; }

TEST(PumpTest, ReactsAtOnceWhileIdle) {
  Pump pump;
  RecordProperty("median_us", absl::ToInt64Microseconds(Median(Latencies(&pump))));
  EXPECT_TRUE(ReactsAtOnce(&pump));
}

TEST(PumpTest, ReactsWithinTheCadenceWhileCallsAreMade) {
  Pump pump;
  Caller caller(&pump);
  EXPECT_TRUE(Naps(&pump));
  const std::vector<absl::Duration> latencies = Latencies(&pump);
  const absl::Duration worst = *std::max_element(latencies.begin(), latencies.end());
  RecordProperty("worst_us", absl::ToInt64Microseconds(worst));
  EXPECT_LT(worst, 10 * Pump::kCadence);
}

TEST(PumpTest, ReactsAtOnceAgainWhenTheCallsEnd) {
  Pump pump;
  {
    Caller caller(&pump);
    EXPECT_TRUE(Naps(&pump));
  }
  Ping ping(&pump);
  const SteadyClock clock;
  const absl::Time end = clock.Now();
  // Pings that nobody's call accompanies, until kIdleAfter is over.
  int number = 0;
  while (clock.Now() - end < 2 * Pump::kIdleAfter) ping.Latency(++number);
  EXPECT_TRUE(ReactsAtOnce(&pump));
}

TEST(PumpTest, ReactsAtOnceWhileHeld) {
  Pump pump;
  Caller caller(&pump);
  EXPECT_TRUE(Naps(&pump));
  {
    const Pump::Hold hold(&pump);
    const Pump::Hold another(&pump);
    EXPECT_TRUE(ReactsAtOnce(&pump));
  }
  EXPECT_TRUE(Naps(&pump));
}

TEST(PumpTest, AHoldEndsTheNap) {
  Pump pump;
  Caller caller(&pump);
  Ping ping(&pump);
  const SteadyClock clock;
  std::vector<absl::Duration> all;
  int number = 0;
  for (int tries = 0; tries < 1000 && all.size() < 9; ++tries) {
    ping.Start();
    // Noticed at once: the pump was not napping.
    if (ping.WaitFor(++number, absl::Milliseconds(2))) continue;
    const absl::Time start = clock.Now();
    const Pump::Hold hold(&pump);
    ASSERT_TRUE(ping.WaitFor(number));
    all.push_back(clock.Now() - start);
  }
  ASSERT_EQ(all.size(), 9u);
  EXPECT_LT(Median(all), Pump::kCadence / 4);
}

TEST(PumpTest, CallsFromManyThreadsWakeItOnce) {
  Pump pump;
  std::vector<std::unique_ptr<Caller>> callers;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) callers.push_back(std::make_unique<Caller>(&pump));
    Latencies(&pump);
    callers.clear();
  }
}

// Ends in every mode while operations come in; each has come back when it is gone.
TEST(PumpTest, EndsUnderLoad) {
  for (int round = 0; round < 30; ++round) {
    auto pump = std::make_unique<Pump>();
    std::vector<std::unique_ptr<Ping>> pings;
    for (int i = 0; i < 20; ++i) pings.push_back(std::make_unique<Ping>(pump.get()));
    {
      std::unique_ptr<Caller> caller;
      if (round % 3 > 0) caller = std::make_unique<Caller>(pump.get());
      std::unique_ptr<Pump::Hold> hold;
      if (round % 3 > 1) hold = std::make_unique<Pump::Hold>(pump.get());
      for (auto& ping : pings) ping->Start();
    }
    pump.reset();
    for (auto& ping : pings) EXPECT_TRUE(ping->WaitFor(1, absl::ZeroDuration()));
  }
}

}  // namespace
}  // namespace mesh::wire
