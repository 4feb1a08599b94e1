#ifndef TESTS_XDS_XDS_CLIENT_FIXTURE_H_
#define TESTS_XDS_XDS_CLIENT_FIXTURE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "mesh/base/serializer.h"
#include "mesh/xds/proto/discovery.pb.h"
#include "mesh/xds/xds_client.h"
#include "tests/testing/fake_ads_transport.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/fake_random.h"
#include "tests/xds/text_resource.h"

namespace mesh::testing {

// Writes down what it is told: `value 1`, `error TEXT`, `ambient TEXT`, `ambient ok`.
class TextWatcher final : public xds::ResourceWatcher {
 public:
  void OnResourceChanged(std::shared_ptr<const xds::Resource> resource,
                         xds::ReadHold hold) override;
  void OnResourceError(const absl::Status& status, xds::ReadHold hold) override;
  void OnAmbientError(const absl::Status& status, xds::ReadHold hold) override;

  // What it was told since the last call.
  std::vector<std::string> Take() { return std::exchange(events_, {}); }

  bool keep_holds = false;
  std::vector<xds::ReadHold> holds;
  std::function<void()> on_event;  // called inside each call
  std::unique_ptr<xds::XdsClient::Subscription> subscription;

 private:
  void Note(std::string event, xds::ReadHold hold);

  std::vector<std::string> events_;
};

// A client in a world without time, network or threads, one line per message:
// a request is `Listener V=1 N=n1 [a b]`, with ` node` and ` NACK: TEXT` if they are there.
class XdsClientTest : public ::testing::Test {
 protected:
  using Texts = std::vector<std::string>;

  XdsClientTest();
  ~XdsClientTest() override;

  // Makes the client; before it, `options` may be changed.
  void Start();
  void Stop();

  // Runs `task` on the serializer, then everything that is ready.
  void On(std::function<void()> task);
  void Advance(absl::Duration by) { executor_.Advance(by); }

  void Watch(const xds::ResourceType& type, absl::string_view name, TextWatcher* watcher);
  void Unwatch(TextWatcher* watcher);

  std::shared_ptr<FakeAdsStream> stream() const { return transports_.last(); }
  // The requests on the last stream that were not asked for yet.
  Texts Requests();
  void ConfirmSent();
  void Respond(const xds::ResourceType& type, absl::string_view version, absl::string_view nonce,
               const Texts& resources);
  void Deliver(const xds::discovery::DiscoveryResponse& response);
  void Close(const absl::Status& status);

  // `Listener a ACKED 1 failed=2`, for each resource.
  Texts States() const;

  static xds::discovery::DiscoveryResponse Response(const xds::ResourceType& type,
                                                    absl::string_view version,
                                                    absl::string_view nonce,
                                                    const Texts& resources);

  FakeClock clock_;
  FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  FakeRandom random_{{0.5}};  // the middle: back-off without jitter
  FakeAdsTransports transports_;
  TextResourceType listener_{"type.googleapis.com/envoy.config.listener.v3.Listener", true};
  TextResourceType route_{"type.googleapis.com/envoy.config.route.v3.RouteConfiguration", false};
  Texts log_;
  int status_changes_ = 0;  // calls of the client's status observer
  xds::XdsClient::Options options_;
  std::unique_ptr<xds::XdsClient> client_;
};

}  // namespace mesh::testing

#endif  // TESTS_XDS_XDS_CLIENT_FIXTURE_H_
