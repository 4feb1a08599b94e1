#ifndef TESTS_CLUSTER_HEALTH_CHECKER_FIXTURE_H_
#define TESTS_CLUSTER_HEALTH_CHECKER_FIXTURE_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/health_checker.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/fake_prober.h"

namespace mesh::cluster {

using model::EndpointExtras;
using model::HealthCheck;
using testing::FakeProber;
using wire::ConnectionState;
using wire::ProbeOutcome;

constexpr auto kPending = CheckedHealth::kPending;
constexpr auto kHealthy = CheckedHealth::kHealthy;
constexpr auto kUnhealthy = CheckedHealth::kUnhealthy;

template <typename Kind>
HealthCheck CheckOf(Kind kind) {
  HealthCheck check;
  check.kind = std::move(kind);
  check.timeout = absl::Seconds(1);
  check.interval = absl::Seconds(10);
  check.unhealthy_threshold = 2;
  check.healthy_threshold = 2;
  check.unhealthy_interval = absl::Seconds(5);
  return check;
}
inline HealthCheck Tcp() { return CheckOf(HealthCheck::Tcp()); }
inline HealthCheck Http(std::string path = "/") {
  HealthCheck::Http http;
  http.path = std::move(path);
  return CheckOf(std::move(http));
}
inline HealthCheck Grpc() { return CheckOf(HealthCheck::Grpc()); }

// A connection in the state that a test says.
class StateConnection final : public wire::Connection {
 public:
  explicit StateConnection(ConnectionState state) : state_(state) {}
  void Connect() override {}
  void Disconnect() override {}
  void Recheck() override {}
  ConnectionState state() const override { return state_; }
  const std::shared_ptr<grpc::Channel>& channel() const override { return channel_; }
  void set_state(ConnectionState state) { state_ = state; }

 private:
  ConnectionState state_;
  std::shared_ptr<grpc::Channel> channel_;
};

// A checker whose owner is the test, on one thread: everything that is due is done when a step
// returns.
class HealthCheckerTest : public ::testing::Test, public HealthChecker::Owner {
 protected:
  HealthCheckerTest() { Make(HealthChecker::kMaxProbes); }
  ~HealthCheckerTest() override {
    On([this] { checker_.reset(); });
    serializer_.Shutdown();
  }

  void Make(size_t max_probes) {
    HealthChecker::Options options;
    options.serializer = &serializer_;
    options.clock = &clock_;
    options.random = random_.get();
    options.prober = &prober_;
    options.cluster_name = "reviews";
    options.max_probes = max_probes;
    On([&] { checker_ = std::make_unique<HealthChecker>(std::move(options), this); });
  }

  // Runs `step` on the serializer, and all that follows from it now.
  template <typename Step>
  void On(Step step) {
    serializer_.RunAndWait(step);
    executor_.RunReady();
  }
  void Advance(absl::Duration by) { executor_.Advance(by); }

  void Update(std::vector<HealthCheck> checks) {
    On([&] { checker_->Update(std::move(checks)); });
  }
  void Add(absl::string_view address, EndpointExtras extras = {}) {
    On([&] { checker_->Add(address, std::make_shared<const EndpointExtras>(std::move(extras))); });
  }
  void Remove(absl::string_view address) {
    On([&] { checker_->Remove(address); });
  }
  void NoteCalls() {
    On([&] { checker_->NoteCalls(); });
  }
  // The connection of `address` is in `state` from now on.
  void Connection(const std::string& address, ConnectionState state) {
    auto& connection = connections_[address];
    if (connection == nullptr) connection = std::make_shared<StateConnection>(state);
    connection->set_state(state);
    On([&] { checker_->NoteConnection(address, state); });
  }
  // Ends the first probe of `address` that is in flight.
  void Finish(absl::string_view address, ProbeOutcome outcome, absl::string_view text = "") {
    ASSERT_THAT(prober_.in_flight(), ::testing::Contains(address));
    On([&] { prober_.Finish(address, outcome, text); });
  }
  void Pass(absl::string_view address) { Finish(address, ProbeOutcome::kSuccess); }
  void Fail(absl::string_view address) { Finish(address, ProbeOutcome::kNetwork, "refused"); }

  CheckedHealth Health(absl::string_view address) {
    CheckedHealth health = kPending;
    On([&] { health = checker_->health(address); });
    return health;
  }
  std::string Reason(absl::string_view address) {
    std::string reason;
    On([&] { reason = checker_->reason(address); });
    return reason;
  }
  // What the owner has heard since the last time.
  std::vector<std::string> Heard() { return std::exchange(heard_, {}); }
  size_t probes() const { return prober_.seen().size(); }

  // HealthChecker::Owner:
  std::shared_ptr<wire::Connection> ConnectionTo(absl::string_view address) override {
    const auto found = connections_.find(std::string(address));
    return found == connections_.end() ? nullptr : found->second;
  }
  void OnHealth(absl::string_view address, CheckedHealth health) override {
    EXPECT_EQ(checker_->health(address), health);
    heard_.push_back(absl::StrCat(address, health == kHealthy     ? " healthy"
                                           : health == kUnhealthy ? " unhealthy"
                                                                  : " pending"));
    if (remove_when_heard_) checker_->Remove(address);
  }
  void OnPassed(absl::string_view address) override {
    heard_.push_back(absl::StrCat(address, " passed"));
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  std::unique_ptr<Random> random_ = NewSeededRandom(1);
  FakeProber prober_{&serializer_};
  std::map<std::string, std::shared_ptr<StateConnection>> connections_;
  std::vector<std::string> heard_;
  bool remove_when_heard_ = false;
  std::unique_ptr<HealthChecker> checker_;
};

}  // namespace mesh::cluster

#endif  // TESTS_CLUSTER_HEALTH_CHECKER_FIXTURE_H_
