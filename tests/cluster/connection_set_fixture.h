#ifndef TESTS_CLUSTER_CONNECTION_SET_FIXTURE_H_
#define TESTS_CLUSTER_CONNECTION_SET_FIXTURE_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/connection_set.h"
#include "mesh/cluster/mailbox.h"
#include "mesh/model/connection_options.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/fake_random.h"
#include "tests/testing/numbered_connector.h"

namespace mesh::cluster {

class RecordingObserver final : public wire::Connection::Observer {
 public:
  void OnConnectionState(wire::ConnectionState state, const absl::Status&) override {
    states.push_back(state);
  }
  std::vector<wire::ConnectionState> states;
};

// A set of connections that a test steers. Thread-compatible.
class ConnectionSetFixture : public ::testing::Test {
 protected:
  using State = wire::ConnectionState;

  explicit ConnectionSetFixture(const model::ConnectionOptions& options) {
    ConnectionSet::Context context;
    context.connector = &connector_;
    context.serializer = &serializer_;
    context.random = &random_;
    context.mailbox = mailbox_;
    context_ = std::make_shared<const ConnectionSet::Context>(std::move(context));
    set_ =
        std::make_unique<ConnectionSet>(context_, wire::ConnectionKey{"a:1", options}, &observer_);
  }
  ~ConnectionSetFixture() override {
    On([this] {
      set_ = nullptr;
      mailbox_->Close();
    });
    serializer_.Shutdown();
  }

  template <typename Step>
  void On(Step step) {
    serializer_.RunAndWait(step);
    executor_.RunReady();
  }
  void Become(size_t number, State state) {
    On([&] { connector_.Become(number, state); });
  }
  // Connected, and the first connection is ready.
  void Start() {
    On([&] { set_->Connect(); });
    Become(0, State::kConnecting);
    Become(0, State::kReady);
  }
  void Advance(absl::Duration by) { executor_.Advance(by); }
  static size_t NumberOf(const wire::ConnectionUse& use) {
    return static_cast<testing::NumberedConnector::Numbered*>(use.connection())->number();
  }
  size_t NextUse() { return NumberOf(set_->Use()); }
  // A use that was given back by the end of a step.
  void Release(wire::ConnectionUse* use) {
    use->Release();
    executor_.RunReady();
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  testing::FakeRandom random_{{0.0}};
  testing::NumberedConnector connector_;
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>(&serializer_);
  std::shared_ptr<const ConnectionSet::Context> context_;
  RecordingObserver observer_;
  std::unique_ptr<ConnectionSet> set_;
};

}  // namespace mesh::cluster

#endif  // TESTS_CLUSTER_CONNECTION_SET_FIXTURE_H_
