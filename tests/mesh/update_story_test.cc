// Random updates of everything that a control plane says of a cluster, while calls go on: none is
// lost as long as there are servers, and the mesh comes to what one makes of the same that has just
// begun.

#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "mesh/base/mutex.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "mesh/xds/proto/metadata.pb.h"
#include "mesh/xds/proto/route.pb.h"
#include "tests/mesh/main_job.h"
#include "tests/testing/echo_server.h"

namespace mesh {
namespace {

using Policy = xds::proto::LbSubsetConfig;

constexpr int kHealthy = 1, kUnhealthy = 2, kDraining = 3, kDegraded = 5;

// Calls from two threads until it is destroyed.
class Calls {
 public:
  explicit Calls(const std::shared_ptr<grpc::ChannelInterface>& channel) {
    for (std::thread& thread : threads_) {
      thread = std::thread([this, channel] { Run(channel); });
    }
  }
  ~Calls() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

  int count() const { return count_; }
  std::vector<std::string> TakeErrors() {
    MutexLock lock(&mutex_);
    return std::exchange(errors_, {});
  }

 private:
  void Run(const std::shared_ptr<grpc::ChannelInterface>& channel) {
    const auto stub = testing::Echo::NewStub(channel);
    while (!stop_) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
      testing::EchoRequest request;
      testing::EchoReply reply;
      const grpc::Status status = stub->Unary(&context, request, &reply);
      ++count_;
      if (status.ok()) continue;
      MutexLock lock(&mutex_);
      errors_.push_back(absl::StrCat(status.error_code(), " ", status.error_message()));
    }
  }

  std::atomic<bool> stop_{false};
  std::atomic<int> count_{0};
  Mutex mutex_;
  std::vector<std::string> errors_ ABSL_GUARDED_BY(mutex_);
  std::thread threads_[2];
};

class UpdateStoryTest : public MainJobTest, public ::testing::WithParamInterface<int> {
 protected:
  static constexpr int kServers = 6;
  struct Place {
    int server;
    std::string zone;
    uint32_t priority = 0;
    uint32_t weight = 1;
    int health = kHealthy;
    std::string version;
    int additional = -1;  // another server's address; none
  };

  UpdateStoryTest() : dice_(GetParam() + 1) {
    options_.local_cluster = "callers";
    options_.bootstrap_json =
        absl::StrCat(R"({"xds_servers": [{"server_uri": ")", control_plane_.address(),
                     R"(", "channel_creds": [{"type": "insecure"}]}],)",
                     R"("node": {"id": "test-node", "locality": {"zone": "x"}}})");
    for (int i = 0; i < kServers; ++i) {
      servers_.push_back(std::make_unique<testing::EchoServer>(absl::StrCat("s", i)));
    }
    service_.cluster_weights = {{"echo-cluster", 1}};
    control_plane_.Set(testing::kListenerType, "echo", service_.ListenerBytes());
    for (int i = 0; i < 4; ++i) places_.push_back(SomePlace(i));
    places_[0].health = kHealthy;
    rules_.ParseFromString(testing::ServiceResources::ClusterBytes("echo-cluster"));
    rules_.mutable_common_lb_config()
        ->mutable_zone_aware_lb_config()
        ->mutable_min_cluster_size()
        ->set_value(2);
    control_plane_.Set(testing::kClusterType, "callers",
                       testing::ServiceResources::ClusterBytes("callers"));
    ChangeCallers();
    SetAll();
  }

  uint64_t Below(uint64_t n) { return dice_() % n; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  std::string SomeZone() { return std::string(1, "xyz"[Below(3)]); }
  int SomeHealth() {
    static constexpr int kHealths[] = {kHealthy,   kHealthy,  kHealthy,
                                       kUnhealthy, kDraining, kDegraded};
    return kHealths[Below(6)];
  }
  Place SomePlace(int server) {
    Place place;
    place.server = server;
    place.zone = SomeZone();
    place.priority = OneIn(3) ? 1 : 0;
    place.weight = static_cast<uint32_t>(1 + Below(3));
    place.health = SomeHealth();
    place.version = OneIn(2) ? "1" : "2";
    return place;
  }

  static void SetAddress(const std::string& text, xds::proto::Address* address) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(text, ':');
    address->mutable_socket_address()->set_address(parts.first);
    address->mutable_socket_address()->set_port_value(
        static_cast<uint32_t>(std::stoul(parts.second)));
  }
  static xds::proto::Metadata Version(const std::string& version) {
    xds::proto::Struct values;
    if (!version.empty()) {
      auto* field = values.add_fields();
      field->set_key("version");
      field->mutable_value()->set_string_value(version);
    }
    xds::proto::Metadata metadata;
    auto* entry = metadata.add_filter_metadata();
    entry->set_key("envoy.lb");
    entry->set_value(values.SerializeAsString());
    return metadata;
  }

  bool hashes() const {
    return rules_.lb_policy() == xds::proto::Cluster::MAGLEV ||
           rules_.lb_policy() == xds::proto::Cluster::RING_HASH;
  }
  std::string AssignmentBytes() const {
    xds::proto::ClusterLoadAssignment assignment;
    assignment.set_cluster_name("echo-cluster");
    for (uint32_t priority : {0u, 1u}) {
      for (const char* zone : {"x", "y", "z"}) {
        auto* locality = assignment.add_endpoints();
        locality->mutable_locality()->set_zone(zone);
        locality->set_priority(priority);
        if (weigh_localities_) {
          locality->mutable_load_balancing_weight()->set_value(*zone == 'x' ? 1 : 2);
        }
        for (const Place& place : places_) {
          if (place.zone != zone || place.priority != priority) continue;
          auto* endpoint = locality->add_lb_endpoints();
          SetAddress(servers_[place.server]->address(),
                     endpoint->mutable_endpoint()->mutable_address());
          if (place.additional >= 0) {
            SetAddress(servers_[place.additional]->address(),
                       endpoint->mutable_endpoint()->add_additional_addresses()->mutable_address());
          }
          // Policies that hash have no use for degraded ones: their calls would fail.
          const bool no_use = place.health == kDegraded && hashes();
          endpoint->set_health_status(no_use ? kHealthy : place.health);
          endpoint->mutable_load_balancing_weight()->set_value(place.weight);
          *endpoint->mutable_metadata() = Version(place.version);
        }
      }
    }
    return assignment.SerializeAsString();
  }
  std::string RouteBytes() const {
    xds::proto::RouteConfiguration routes;
    routes.set_name("echo");
    auto* host = routes.add_virtual_hosts();
    host->set_name("echo");
    host->add_domains("echo");
    auto* rule = host->add_routes();
    rule->mutable_match()->set_prefix("");
    rule->mutable_route()->set_cluster("echo-cluster");
    *rule->mutable_route()->mutable_metadata_match() = Version(route_version_);
    return routes.SerializeAsString();
  }

  void ChangeCallers() {
    xds::proto::ClusterLoadAssignment assignment;
    assignment.set_cluster_name("callers");
    for (const char* zone : {"x", "y", "z"}) {
      auto* locality = assignment.add_endpoints();
      locality->mutable_locality()->set_zone(zone);
      for (uint64_t i = Below(3); i > 0; --i) {
        auto* endpoint = locality->add_lb_endpoints();
        SetAddress(absl::StrCat("127.0.0.2:", 1000 * (*zone - 'w') + i),
                   endpoint->mutable_endpoint()->mutable_address());
      }
    }
    callers_ = assignment.SerializeAsString();
  }
  // One endpoint at least can take calls, in each priority that is there: panic is for others.
  void ChangePlaces() {
    if (OneIn(3) && places_.size() < kServers) {
      for (int server = 0; server < kServers; ++server) {
        bool is_there = false;
        for (const Place& place : places_) is_there |= place.server == server;
        if (is_there) continue;
        places_.push_back(SomePlace(server));
        break;
      }
    } else {
      const size_t which = Below(places_.size());
      Place& place = places_[which];
      const Place other = SomePlace(place.server);
      switch (Below(7)) {
        case 0:
          if (places_.size() > 2) places_.erase(places_.begin() + static_cast<ptrdiff_t>(which));
          break;
        case 1:
          place.zone = other.zone;
          break;
        case 2:
          place.priority = other.priority;
          break;
        case 3:
          place.weight = other.weight;
          break;
        case 4:
          place.health = other.health;
          break;
        case 5:
          place.version = other.version;
          break;
        case 6:
          place.additional = OneIn(3) ? -1 : static_cast<int>(Below(kServers));
          if (place.additional == place.server) place.additional = -1;
          break;
      }
    }
    places_[0].health = kHealthy;
  }
  void ChangeRules() {
    auto* common = rules_.mutable_common_lb_config();
    switch (Below(7)) {
      case 0:
        common->clear_zone_aware_lb_config();
        if (OneIn(3)) break;
        common->mutable_zone_aware_lb_config()->mutable_min_cluster_size()->set_value(Below(5));
        if (OneIn(3)) {
          common->mutable_zone_aware_lb_config()->mutable_routing_enabled()->set_value(
              static_cast<double>(Below(101)));
        }
        break;
      case 1: {
        rules_.clear_lb_subset_config();
        if (OneIn(3)) break;
        auto* subsets = rules_.mutable_lb_subset_config();
        subsets->set_fallback_policy(Policy::ANY_ENDPOINT);
        auto* selector = subsets->add_subset_selectors();
        selector->add_keys("version");
        selector->set_single_host_per_subset(OneIn(3));
        subsets->set_scale_locality_weight(OneIn(2));
        break;
      }
      case 2: {
        static constexpr xds::proto::Cluster::LbPolicy kPolicies[] = {
            xds::proto::Cluster::ROUND_ROBIN,   xds::proto::Cluster::ROUND_ROBIN,
            xds::proto::Cluster::LEAST_REQUEST, xds::proto::Cluster::RANDOM,
            xds::proto::Cluster::MAGLEV,        xds::proto::Cluster::RING_HASH};
        rules_.set_lb_policy(kPolicies[Below(6)]);
        break;
      }
      case 3:
        weigh_localities_ = OneIn(2);
        break;
      case 4:
        rules_.clear_circuit_breakers();
        if (OneIn(3)) break;
        rules_.mutable_circuit_breakers()
            ->add_per_host_thresholds()
            ->mutable_max_connections()
            ->set_value(static_cast<uint32_t>(1 + Below(3)));
        break;
      case 5:
        rules_.clear_http2_protocol_options();
        if (OneIn(2)) break;
        rules_.mutable_http2_protocol_options()->mutable_max_concurrent_streams()->set_value(
            static_cast<uint32_t>(1 + Below(4)));
        break;
      case 6:
        rules_.mutable_connect_timeout()->set_seconds(static_cast<int64_t>(2 + Below(3)));
        break;
    }
  }

  void SetAll() {
    control_plane_.Set(testing::kRouteConfigurationType, "echo", RouteBytes());
    control_plane_.Set(testing::kClusterType, "echo-cluster", rules_.SerializeAsString());
    control_plane_.Set(testing::kClusterLoadAssignmentType, "echo-cluster", AssignmentBytes());
    control_plane_.Set(testing::kClusterLoadAssignmentType, "callers", callers_);
  }
  void Step() {
    const uint64_t changes = 1 + Below(3);
    for (uint64_t i = 0; i < changes; ++i) {
      switch (Below(8)) {
        case 0:
        case 1:
        case 2:
        case 3:
          ChangePlaces();
          break;
        case 4:
        case 5:
          ChangeCallers();
          break;
        case 6:
          ChangeRules();
          break;
        case 7:
          route_version_ = OneIn(3) ? "" : OneIn(2) ? "1" : "2";
          break;
      }
    }
    SetAll();
    control_plane_.Push(testing::kClusterType);
    control_plane_.Push(testing::kClusterLoadAssignmentType);
    control_plane_.Push(testing::kRouteConfigurationType);
  }

  static std::string Describe(const Explanation& explanation) {
    std::string text = std::string(ToString(explanation.outcome));
    if (explanation.outcome != Explanation::Outcome::kServed) return text;
    for (const Explanation::Cluster& cluster : explanation.clusters) {
      absl::StrAppend(&text, "\n", cluster.cluster.policy, " ", cluster.cluster.named, " ",
                      cluster.cluster.subset, " zones ", cluster.cluster.zone_routing);
      for (const Snapshot::Priority& priority : cluster.cluster.priorities) {
        absl::StrAppend(&text, "\n  priority ", priority.priority, " load ", priority.load);
      }
      for (const Snapshot::LocalityEndpoints& locality : cluster.cluster.localities) {
        absl::StrAppend(&text, "\n  ", locality.locality, " ", locality.priority, ": ",
                        locality.share.part, "/", locality.share.of);
        for (const Snapshot::Endpoint& endpoint : locality.endpoints) {
          if (endpoint.share.part == 0) continue;
          absl::StrAppend(&text, "\n    ", endpoint.address, " ", endpoint.state, " ",
                          endpoint.share.part, "/", endpoint.share.of);
        }
      }
    }
    return text;
  }
  static std::string ExplainBy(Mesh& mesh) {
    auto answer = std::make_shared<std::promise<Explanation>>();
    mesh.Explain("xds:///echo", {"/s/m", {}}, absl::Seconds(5),
                 [answer](const Explanation& explanation) { answer->set_value(explanation); });
    return Describe(answer->get_future().get());
  }
  void Compare() {
    absl::StatusOr<std::unique_ptr<Mesh>> twin = Mesh::Create(options_);
    ASSERT_TRUE(twin.ok());
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(8);
    std::string here, there;
    do {
      there = ExplainBy(**twin);
      here = ExplainBy(mesh());
    } while (here != there && std::chrono::steady_clock::now() < end);
    ASSERT_EQ(here, there);
  }

  std::mt19937_64 dice_;
  std::vector<std::unique_ptr<testing::EchoServer>> servers_;
  std::vector<Place> places_;
  xds::proto::Cluster rules_;
  bool weigh_localities_ = false;
  std::string route_version_;
  std::string callers_;
};

TEST_P(UpdateStoryTest, NoCallIsLost) {
  Calls calls(mesh().Channel("xds:///echo"));
  for (int step = 0; step < 30; ++step) {
    SCOPED_TRACE(absl::StrCat("step ", step));
    Step();
    Compare();
    const int before = calls.count();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(8);
    while (calls.count() < before + 8 && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
    EXPECT_GE(calls.count(), before + 8);
    for (const std::string& error : calls.TakeErrors()) ADD_FAILURE() << error;
    if (HasFailure()) break;
  }
  for (const testing::AdsServer::Request& request : control_plane_.requests()) {
    EXPECT_EQ(request.error, "");
  }
}

// Then calls fail at once, or go elsewhere; none is held until its deadline.
TEST_P(UpdateStoryTest, ServersComeAndGo) {
  service_.retry_on = "unavailable,cancelled";
  Calls calls(mesh().Channel("xds:///echo"));
  std::vector<bool> up(kServers, true);
  for (int step = 0; step < 20; ++step) {
    SCOPED_TRACE(absl::StrCat("step ", step));
    for (uint64_t i = Below(3); i > 0; --i) {
      const size_t server = Below(kServers);
      if (up[server]) {
        servers_[server]->Shutdown();
      } else {
        ASSERT_TRUE(servers_[server]->Start());
      }
      up[server] = !up[server];
    }
    if (OneIn(2)) Step();
    Compare();
    for (const std::string& error : calls.TakeErrors()) {
      EXPECT_THAT(error, ::testing::Not(::testing::StartsWith("4 "))) << error;
    }
    if (HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Stories, UpdateStoryTest, ::testing::Range(0, 3));

}  // namespace
}  // namespace mesh
