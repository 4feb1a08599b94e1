// faults F11: what a hostile control plane can cost. Every response here is answered, within 5
// seconds of processor time and 10 times its size of memory and 50 MB; and the next good one is
// applied. (The bootstrap is a file of one's own: it must be no more than survived.)

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/base/serializer.h"
#include "mesh/model/endpoints.h"
#include "mesh/model/path_matcher.h"
#include "mesh/xds/bootstrap.h"
#include "mesh/xds/proto/discovery.pb.h"
#include "mesh/xds/resources/model_resource.h"
#include "mesh/xds/resources/types.h"
#include "mesh/xds/xds_client.h"
#include "tests/faults/allocation_count.h"
#include "tests/faults/hostile_resources.h"
#include "tests/faults/process_state.h"
#include "tests/fuzz/seed_resources.h"
#include "tests/testing/fake_ads_transport.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/fake_random.h"
#include "tests/testing/xds_resources.h"

namespace mesh {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr size_t kMega = 1 << 20;
constexpr size_t kLargest = 64 * kMega;
constexpr absl::Duration kMostCpu = absl::Seconds(5);

size_t MostBytes(size_t input) { return 10 * input + 50'000'000; }

class Watcher final : public xds::ResourceWatcher {
 public:
  void OnResourceChanged(std::shared_ptr<const xds::Resource> value, xds::ReadHold) override {
    resource = std::move(value);
    error = absl::OkStatus();
  }
  void OnResourceError(const absl::Status& status, xds::ReadHold) override {
    resource = nullptr;
    error = status;
  }
  void OnAmbientError(const absl::Status& status, xds::ReadHold) override { error = status; }

  std::shared_ptr<const xds::Resource> resource;
  absl::Status error;
  std::unique_ptr<xds::XdsClient::Subscription> subscription;
};

// The client with the real decoders, subscribed to one resource of each type.
class HostileConfigTest : public ::testing::Test {
 protected:
  HostileConfigTest() {
    xds::XdsClient::Options options;
    options.bootstrap.servers.emplace_back();
    options.transports = &transports_;
    options.serializer = &serializer_;
    options.clock = &clock_;
    options.random = &random_;
    options.log = [](LogSeverity, absl::string_view text) { EXPECT_LT(text.size(), 10'000u); };
    On([&] {
      client_ = xds::XdsClient::Create(options);
      Watch(*types_.listener, "svc", &listener_);
      Watch(*types_.route_configuration, "svc", &routes_);
      Watch(*types_.cluster, "svc-cluster", &cluster_);
      Watch(*types_.cluster_load_assignment, "svc-cluster", &endpoints_);
    });
    EXPECT_EQ(Answers().size(), 4u);
  }
  ~HostileConfigTest() override {
    On([&] {
      for (Watcher* watcher : {&listener_, &routes_, &cluster_, &endpoints_}) {
        watcher->subscription = nullptr;
      }
      client_ = nullptr;
    });
    serializer_.Shutdown();
  }

  void On(std::function<void()> task) {
    serializer_.RunAndWait(std::move(task));
    executor_.RunReady();
  }
  void Watch(const xds::ResourceType& type, absl::string_view name, Watcher* watcher) {
    watcher->subscription = client_->Watch(&type, name, watcher);
  }

  std::vector<xds::discovery::DiscoveryRequest> Answers() {
    std::vector<xds::discovery::DiscoveryRequest> requests;
    while (transports_.last()->has_sent()) {
      requests.emplace_back();
      EXPECT_TRUE(requests.back().ParseFromString(transports_.last()->TakeSent()));
    }
    return requests;
  }

  // Delivers a message and holds its cost to the bounds.
  void Deliver(std::string message) {
    const size_t size = message.size();
    ASSERT_TRUE(transports_.last()->reading());
    const size_t before = AllocatedBytes();
    const absl::Duration cpu_before = ProcessorTime();
    ResetPeak();
    On([&] { transports_.last()->Deliver(std::move(message)); });
    const size_t bytes = PeakAllocatedBytes() - before;
    const absl::Duration cpu = ProcessorTime() - cpu_before;
    EXPECT_LE(bytes, MostBytes(size)) << size << " bytes were sent";
    EXPECT_LE(cpu, kMostCpu) << size << " bytes were sent";
    std::cout << size << " bytes: " << bytes << " of memory (" << bytes / (size + 1) << " x), "
              << absl::FormatDuration(cpu) << " of processor time\n";
  }

  // The same, of one resource. Returns what the NACK says; empty if it was accepted.
  std::string Nack(const char* type_url, const std::string& resource) {
    const std::string nonce = absl::StrCat(++nonce_);
    Deliver(fuzz::ResponseWith(type_url, nonce, nonce, {resource}));
    const std::vector<xds::discovery::DiscoveryRequest> answers = Answers();
    if (answers.size() != 1) return absl::StrCat(answers.size(), " answers");
    EXPECT_EQ(answers[0].response_nonce(), nonce);
    EXPECT_LE(answers[0].ByteSizeLong(), 2 * kMega) << "a NACK travels often";
    return answers[0].error_detail().message();
  }

  void ExpectAlive() {
    using testing::ServiceResources;
    EXPECT_EQ(Nack(testing::kClusterLoadAssignmentType,
                   ServiceResources::AssignmentBytes("svc-cluster", {{"z", 1, 0, {"10.0.0.1:1"}}})),
              "");
    ASSERT_NE(endpoints_.resource, nullptr);
    EXPECT_EQ(xds::ModelOf<model::ClusterLoadAssignment>(endpoints_.resource)->endpoint_count(),
              1u);
    EXPECT_TRUE(endpoints_.error.ok());
  }

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  testing::FakeRandom random_{{0.5}};
  testing::FakeAdsTransports transports_;
  const xds::ResourceTypes types_ = xds::NewResourceTypes(Profile::kMesh);
  std::unique_ptr<xds::XdsClient> client_;
  Watcher listener_, routes_, cluster_, endpoints_;
  int nonce_ = 0;
};

TEST_F(HostileConfigTest, AMessageOf64MiBThatIsNoResponse) {
  Deliver(std::string(kLargest, '\xff'));
  executor_.Advance(absl::Minutes(3));  // the stream ended, and another was opened
  EXPECT_EQ(Answers().size(), 4u);
  ExpectAlive();
}

TEST_F(HostileConfigTest, AResponseOf64MiBOfEmptyResources) {
  std::string message;
  fuzz::AppendBytesField(4, testing::kClusterLoadAssignmentType, &message);
  message += Empties(2, kLargest);
  Deliver(std::move(message));
  executor_.Advance(absl::Minutes(3));
  EXPECT_EQ(Answers().size(), 4u) << "too many to be believed";
  ExpectAlive();
}

TEST_F(HostileConfigTest, AsManyResourcesThatHaveATypeOnlyAsAreRead) {
  std::string resource;
  fuzz::AppendBytesField(1, testing::kClusterLoadAssignmentType, &resource);
  std::string message;
  fuzz::AppendBytesField(4, testing::kClusterLoadAssignmentType, &message);
  for (int i = 0; i < 250'000; ++i) fuzz::AppendBytesField(2, resource, &message);
  Deliver(std::move(message));
  const std::vector<xds::discovery::DiscoveryRequest> answers = Answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_LE(answers[0].ByteSizeLong(), 2 * kMega);
  EXPECT_THAT(answers[0].error_detail().message(), HasSubstr("resources rejected"));
  ExpectAlive();
}

TEST_F(HostileConfigTest, AResponseOf64MiBOfEmptyEndpoints) {
  EXPECT_THAT(
      Nack(testing::kClusterLoadAssignmentType, EmptyEndpoints(kLargest)),
      AllOf(HasSubstr("endpoints[0].lb_endpoints[0].endpoint: missing"), HasSubstr("more")));
  ExpectAlive();
}

TEST_F(HostileConfigTest, AResponseOf64MiBOfEmptyLocalities) {
  EXPECT_THAT(Nack(testing::kClusterLoadAssignmentType, EmptyLocalities(kLargest)),
              HasSubstr("endpoints[0].locality: missing"));
  ExpectAlive();
}

TEST_F(HostileConfigTest, AResponseOf64MiBOfEmptyRoutes) {
  EXPECT_THAT(Nack(testing::kRouteConfigurationType, EmptyRoutes(kLargest)),
              HasSubstr("too many fields"));
  EXPECT_THAT(Nack(testing::kRouteConfigurationType, EmptyRoutes(200'000)),
              HasSubstr("virtual_hosts[0].routes[0]"));
  ExpectAlive();
}

TEST_F(HostileConfigTest, ThreeHundredThousandGoodEndpoints) {
  EXPECT_EQ(Nack(testing::kClusterLoadAssignmentType, ManyEndpoints(300'000, 1)), "");
  ExpectAlive();
}

TEST_F(HostileConfigTest, AHundredThousandEndpointsAndAThousandLocalities) {
  EXPECT_EQ(Nack(testing::kClusterLoadAssignmentType, ManyEndpoints(100'000, 1)), "");
  EXPECT_EQ(Nack(testing::kClusterLoadAssignmentType, ManyEndpoints(100'000, 1000)), "");
  EXPECT_EQ(Nack(testing::kClusterLoadAssignmentType, ManyEndpoints(100'000, 7)), "");
  ExpectAlive();
}

TEST_F(HostileConfigTest, TenThousandRoutesWithExpressions) {
  EXPECT_EQ(Nack(testing::kRouteConfigurationType, ManyRoutes(10'000, "/svc#\\.(a|b+)/[^/]*")), "");
  ExpectAlive();
}

TEST_F(HostileConfigTest, ExpressionsThatAreAcceptedOneByOneButNotAllTogether) {
  EXPECT_THAT(Nack(testing::kRouteConfigurationType, ManyRoutes(10'000, "\\pL{20}#")),
              HasSubstr("safe_regex: the expressions before it are too large already"));
  ExpectAlive();
}

TEST_F(HostileConfigTest, ExpressionsThatExplode) {
  EXPECT_EQ(Nack(testing::kRouteConfigurationType, ManyRoutes(100, "(a+)+#$")), "");
  EXPECT_THAT(Nack(testing::kRouteConfigurationType, ManyRoutes(100, "((a{100}){100}){100}#")),
              HasSubstr("safe_regex"));
  EXPECT_THAT(
      Nack(testing::kRouteConfigurationType, ManyRoutes(100, "(\\pL{1,200}\\pN{1,200}#){1,4}")),
      HasSubstr("safe_regex"));
  // Parentheses that mean nothing: RE2 takes them without a recursion.
  EXPECT_EQ(Nack(testing::kRouteConfigurationType,
                 ManyRoutes(1, std::string(100'000, '(') + "#" + std::string(100'000, ')'))),
            "");
  ExpectAlive();
}

TEST_F(HostileConfigTest, EndpointsWithMoreThanAnAddress) {
  EXPECT_EQ(Nack(testing::kClusterLoadAssignmentType, EndpointsWithExtras(300'000)), "");
  EXPECT_EQ(Nack(testing::kClusterLoadAssignmentType, EndpointWithMetadata(50'000)), "");
  EXPECT_THAT(Nack(testing::kClusterLoadAssignmentType, EndpointWithMetadata(1'000'000)),
              HasSubstr("metadata.filter_metadata[\"envoy.lb\"]: "));
  ExpectAlive();
}

TEST(HostilePathTest, AnExpressionThatWouldBacktrackTakesLinearTime) {
  const absl::StatusOr<model::PathMatcher> matcher = model::PathMatcher::Regex("(a+)+(a+)+$");
  ASSERT_TRUE(matcher.ok());
  const std::string path = std::string(kMega, 'a') + "b";
  const absl::Duration before = ProcessorTime();
  EXPECT_FALSE(matcher->Matches(path));
  EXPECT_LE(ProcessorTime() - before, absl::Seconds(1));
}

TEST_F(HostileConfigTest, ALongKeyAndManyFieldsBelowIt) {
  EXPECT_NE(Nack(testing::kRouteConfigurationType, LongPaths(kMega)), "0 answers");
  ExpectAlive();
}

TEST_F(HostileConfigTest, AMillionUnknownRetryConditions) {
  EXPECT_EQ(Nack(testing::kRouteConfigurationType, ManyConditions(1'000'000)), "");
  ExpectAlive();
}

// The largest that there may be is a number until there are endpoints to put on it.
TEST_F(HostileConfigTest, ARingOfEightMillion) {
  EXPECT_EQ(Nack(testing::kClusterType, HugeRing(8'388'608)), "");
  EXPECT_THAT(Nack(testing::kClusterType, HugeRing(8'388'609)),
              HasSubstr("ring_hash_lb_config.minimum_ring_size: 8388609 is not within"));
  ExpectAlive();
}

TEST_F(HostileConfigTest, PoliciesInEachOther) {
  EXPECT_THAT(Nack(testing::kClusterType, NestedPolicies(kMega / 32)),
              HasSubstr("policies in each other"));
  EXPECT_THAT(Nack(testing::kClusterType, NestedPolicies(kMega / 4)), HasSubstr("more than 65536"));
  ExpectAlive();
}

TEST_F(HostileConfigTest, AnAnyInAnAny) {
  EXPECT_THAT(Nack(testing::kListenerType, NestedFilters(kMega / 4)), HasSubstr("TypedStruct"));
  ExpectAlive();
}

// Messages in each other deeper than protobuf reads them.
TEST_F(HostileConfigTest, MessagesInEachOther) {
  for (const char* type : {testing::kListenerType, testing::kRouteConfigurationType,
                           testing::kClusterType, testing::kClusterLoadAssignmentType}) {
    for (const int field : {1, 2, 3, 15}) {
      std::string nested;
      while (nested.size() < kMega / 8) {
        std::string outer;
        fuzz::AppendBytesField(field, nested, &outer);
        nested = std::move(outer);
      }
      EXPECT_NE(Nack(type, nested), "") << type << " field " << field;
    }
  }
  ExpectAlive();
}

TEST(HostileBootstrapTest, IsAnErrorWithinBounds) {
  const std::string kServers =
      R"({"xds_servers":[{"server_uri":"a:1","channel_creds":[{"type":"insecure"}]}],"x":)";
  std::string nested = kServers;
  for (int i = 0; i < 100'000; ++i) nested += R"({"a":)";
  const struct {
    const char* name;
    std::string text;
    bool ok;
  } kCases[] = {
      {"brackets", std::string(kMega, '['), false},
      {"objects in each other", nested, false},
      {"quotes", std::string(kMega, '"'), false},
      {"zeros", std::string(kMega, '\0'), false},
      {"not UTF-8", absl::StrCat(kServers, "\"", std::string(kMega, '\xff'), "\"}"), false},
      {"a number too large", absl::StrCat(kServers, std::string(kMega, '9'), "}"), false},
      {"a long key", absl::StrCat(kServers, "{\"", std::string(kMega, 'k'), "\":1}}"), true},
      {"a long string", absl::StrCat(kServers, "\"", std::string(kMega, 's'), "\"}"), true},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.name);
    const size_t before = AllocatedBytes();
    const absl::Duration cpu_before = ProcessorTime();
    ResetPeak();
    const absl::StatusOr<xds::Bootstrap> bootstrap = xds::Bootstrap::FromJson(test.text);
    EXPECT_EQ(bootstrap.ok(), test.ok) << bootstrap.status().message().substr(0, 200);
    EXPECT_LE(bootstrap.status().message().size(), 1000u);
    EXPECT_LE(PeakAllocatedBytes() - before, MostBytes(test.text.size()));
    EXPECT_LE(ProcessorTime() - cpu_before, kMostCpu);
  }
}

}  // namespace
}  // namespace mesh
