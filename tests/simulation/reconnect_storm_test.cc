// F07: two hundred clients lose their control plane for ten seconds. They must not come back as a
// herd, and all must come back soon.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"
#include "mesh/base/serializer.h"
#include "mesh/model/route.h"
#include "mesh/xds/proto/listener.pb.h"
#include "mesh/xds/resources/model_resource.h"
#include "mesh/xds/resources/types.h"
#include "mesh/xds/xds_client.h"
#include "tests/simulation/control_plane.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/service_resources.h"

namespace mesh::simulation {
namespace {

constexpr int kClients = 200;
constexpr char kListener[] = "echo";

// A process with a client: what it knows, and when it learnt it.
class Client final : public xds::ResourceWatcher {
 public:
  Client(xds::XdsClient::Options options, const xds::ResourceType* type, uint64_t seed,
         Trace* trace)
      : random_(NewSeededRandom(seed)), trace_(trace) {
    options.random = random_.get();
    client_ = xds::XdsClient::Create(std::move(options));
    subscription_ = client_->Watch(type, kListener, this);
  }

  void OnResourceChanged(std::shared_ptr<const xds::Resource> resource,
                         xds::ReadHold /*hold*/) override {
    const auto listener = xds::ModelOf<model::Listener>(std::move(resource));
    routes_ = std::get<std::string>(listener->routes);
    changed_ = trace_->now();
  }
  void OnResourceError(const absl::Status& status, xds::ReadHold /*hold*/) override {
    ADD_FAILURE() << status;  // the last good one stays
  }
  void OnAmbientError(const absl::Status& /*status*/, xds::ReadHold /*hold*/) override {}

  const std::string& routes() const { return routes_; }
  absl::Duration changed() const { return changed_; }

 private:
  const std::unique_ptr<Random> random_;
  Trace* const trace_;
  std::string routes_;
  absl::Duration changed_;
  std::unique_ptr<xds::XdsClient> client_;
  std::unique_ptr<xds::XdsClient::Subscription> subscription_;
};

class ReconnectStormTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  ReconnectStormTest() { ServeRoutes("old"); }
  ~ReconnectStormTest() override {
    serializer_.RunAndWait([this] { clients_.clear(); });
    serializer_.Shutdown();
  }

  void ServeRoutes(const std::string& routes) {
    testing::ServiceResources service;
    // The name of the routes is what tells versions apart.
    service.name = routes;
    xds::proto::Listener listener;
    ASSERT_TRUE(listener.ParseFromString(service.ListenerBytes()));
    listener.set_name(kListener);
    control_plane_.Set(testing::kListenerType, kListener, listener.SerializeAsString());
  }

  void StartClients() {
    xds::ServerConfig server;
    server.server_uri = "sim:///control-plane";
    xds::XdsClient::Options options;
    options.bootstrap.servers.push_back(server);
    options.transports = control_plane_.transports();
    options.serializer = &serializer_;
    options.clock = &clock_;
    serializer_.RunAndWait([&] {
      for (int i = 0; i < kClients; ++i) {
        clients_.push_back(std::make_unique<Client>(options, types_.listener.get(),
                                                    GetParam() * 1000 + i, &trace_));
      }
    });
  }

  // The largest share of `times` in 100 ms.
  static double LargestShare(std::vector<absl::Duration> times) {
    std::sort(times.begin(), times.end());
    size_t most = 0;
    for (auto from = times.begin(); from != times.end(); ++from) {
      const auto to = std::lower_bound(from, times.end(), *from + absl::Milliseconds(100));
      most = std::max(most, static_cast<size_t>(to - from));
    }
    return static_cast<double>(most) / static_cast<double>(times.size());
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Trace trace_{&clock_, /*keep=*/false};
  Dice dice_{GetParam(), 1};
  Serializer serializer_{&executor_};
  ControlPlane control_plane_{&executor_, &serializer_, &trace_, &dice_};
  const xds::ResourceTypes types_ = xds::NewResourceTypes(Profile::kMesh);
  std::vector<std::unique_ptr<Client>> clients_;
};

TEST_P(ReconnectStormTest, F07ComesBackSpreadOutAndSoon) {
  StartClients();
  executor_.Advance(absl::Seconds(5));
  for (const auto& client : clients_) ASSERT_EQ(client->routes(), "old");

  control_plane_.Kill();
  const absl::Duration killed = trace_.now();
  executor_.Advance(absl::Seconds(10));
  ServeRoutes("new");
  control_plane_.Start();
  const absl::Duration started = trace_.now();
  executor_.Advance(absl::Seconds(20));
  for (const auto& client : clients_) EXPECT_EQ(client->routes(), "new");

  // Who came back, when; and, while nobody was there, who tried.
  std::vector<absl::Duration> back, tried;
  for (const absl::Duration opened : control_plane_.opened()) {
    if (opened >= started) back.push_back(opened);
    if (opened >= killed && opened < started) tried.push_back(opened - killed);
  }
  // Some were on their way when it came back.
  EXPECT_GE(back.size(), 0.95 * kClients);
  EXPECT_LE(back.size(), static_cast<size_t>(kClients));
  EXPECT_LE(LargestShare(back), 0.2);
  RecordProperty("largest_percent_in_100_ms", static_cast<int>(100 * LargestShare(back)));
  absl::Duration last = absl::ZeroDuration();
  for (const auto& client : clients_) last = std::max(last, client->changed() - started);
  RecordProperty("all_converged_ms", static_cast<int>(absl::ToInt64Milliseconds(last)));
  // Each tries at once, and then after 1, 1.6, 2.56 and 4.1 s.
  EXPECT_GE(tried.size(), 4u * kClients);
  EXPECT_LE(tried.size(), 5u * kClients);
  // The first back-off: a second, and a spread of at least 15 % to both sides.
  std::vector<absl::Duration> first;
  for (const absl::Duration at : tried) {
    if (at > absl::Milliseconds(500) && at < absl::Milliseconds(1500)) first.push_back(at);
  }
  ASSERT_EQ(first.size(), static_cast<size_t>(kClients));
  EXPECT_LT(*std::min_element(first.begin(), first.end()), absl::Milliseconds(850 + 40));
  EXPECT_GT(*std::max_element(first.begin(), first.end()), absl::Milliseconds(1150));
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReconnectStormTest, ::testing::Range<uint64_t>(1, 21));

}  // namespace
}  // namespace mesh::simulation
