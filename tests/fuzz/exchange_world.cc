#include "tests/fuzz/exchange_world.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "mesh/xds/proto/discovery.pb.h"
#include "tests/fuzz/decoder_rules.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/seed_resources.h"
#include "tests/testing/xds_resources.h"

namespace mesh::fuzz {
namespace {

constexpr const char* kNames[] = {"svc", "other.prod:80", "xyz"};
constexpr char kAddress[] = "10.9.8.7:1234";

// What the control plane of CheckRecovery() has; empty if nothing of that name.
std::string GoodResource(absl::string_view type_url, const std::string& name) {
  testing::ServiceResources service;
  service.name = "svc";
  service.cluster_weights = {{"svc-cluster", 1}};
  if (type_url == testing::kListenerType && name == "svc") return service.ListenerBytes();
  if (type_url == testing::kRouteConfigurationType && name == "svc") {
    return service.RouteConfigurationBytes();
  }
  if (name != "svc-cluster") return "";
  if (type_url == testing::kClusterType) return service.ClusterBytes("svc-cluster");
  return service.AssignmentBytes("svc-cluster", {{"zone", 1, 0, {kAddress}}});
}

}  // namespace

void ExchangeWorld::Observer::OnConfig(std::shared_ptr<const model::ServiceConfig> next) {
  config = std::move(next);
  Require(config != nullptr && config->virtual_host != nullptr, "a configuration has routes");
  std::set<std::string> known;
  for (const auto& cluster : config->clusters) {
    Require(known.empty() || *known.rbegin() < cluster->key.cluster,
            "clusters are sorted, each once");
    known.insert(cluster->key.cluster);
    Require((cluster->cluster == nullptr) == !cluster->status.ok(), "a cluster or an error");
  }
  for (const model::Route& route : config->virtual_host->routes) {
    for (const model::WeightedCluster& share : route.clusters) {
      Require(known.count(share.cluster) == 1, "no route without its cluster");
    }
  }
}

void ExchangeWorld::Observer::OnError(const absl::Status& status) {
  config = nullptr;
  Require(status.code() == absl::StatusCode::kUnavailable, "an error is UNAVAILABLE");
}

ExchangeWorld::ExchangeWorld(uint64_t features) {
  xds::ServerConfig server;
  server.server_uri = "dns:///x";
  server.ignore_resource_deletion = (features & 1) != 0;
  server.fail_on_data_errors = (features & 2) != 0;
  server.resource_timer_is_transient_error = (features & 4) != 0;
  xds::XdsClient::Options options;
  options.bootstrap.servers.push_back(std::move(server));
  options.bootstrap.node.id = "n";
  options.transports = &transports_;
  options.serializer = &serializer_;
  options.clock = &clock_;
  options.random = &random_;
  serializer_.RunAndWait([&] { client_ = xds::XdsClient::Create(options); });
}

ExchangeWorld::~ExchangeWorld() {
  serializer_.RunAndWait([this] {
    for (Target& target : targets_) target.resolver = nullptr;
    client_ = nullptr;
  });
  serializer_.Shutdown();
}

void ExchangeWorld::Toggle(int number) {
  serializer_.RunAndWait([&] {
    Target& target = targets_[number];
    if (target.resolver != nullptr) {
      target.resolver = nullptr;
      return;
    }
    resolver::XdsResolver::Options options;
    options.serializer = &serializer_;
    options.client = client_.get();
    options.types = &TypesOf(Profile::kMesh);
    options.hosts = &hosts_;
    options.listener_name = kNames[number];
    options.domain = kNames[number];
    target.resolver = resolver::NewXdsResolver(options);
    target.resolver->Start(&target.observer);
  });
  executor_.RunReady();
}

void ExchangeWorld::ConfirmSent() {
  if (stream() == nullptr) return;
  serializer_.RunAndWait([this] { stream()->ConfirmSent(); });
  executor_.RunReady();
}

void ExchangeWorld::Close(int code) {
  if (stream() == nullptr) return;
  const absl::Status status(static_cast<absl::StatusCode>(code), "the script");
  serializer_.RunAndWait([&] { stream()->Close(status); });
  executor_.RunReady();
}

std::vector<ExchangeWorld::Request> ExchangeWorld::TakeRequests() {
  std::vector<Request> requests;
  if (stream() == nullptr) return requests;
  if (streams_seen_ != transports_.streams().size()) {
    streams_seen_ = transports_.streams().size();
    last_requests_.clear();
  }
  while (stream()->has_sent()) {
    xds::discovery::DiscoveryRequest message;
    Require(message.ParseFromString(stream()->TakeSent()), "a request is a message");
    Require(message.has_node() == last_requests_.empty(), "the first request has the node");
    Request request{message.type_url(),
                    message.version_info(),
                    message.response_nonce(),
                    {},
                    message.has_error_detail()};
    request.names.insert(message.resource_names().begin(), message.resource_names().end());
    Require(static_cast<int>(request.names.size()) == message.resource_names_size(),
            "a request has each name once");
    const bool first = last_requests_.count(request.type_url) == 0;
    Require(!first || (request.nonce.empty() && !request.names.empty()),
            "the first request of a type has names, and no nonce");
    last_requests_[request.type_url] = request;
    requests.push_back(std::move(request));
  }
  return requests;
}

void ExchangeWorld::Deliver(const std::string& message) {
  if (stream() == nullptr || !stream()->open() || !stream()->reading()) return;
  TakeRequests();
  const std::shared_ptr<testing::FakeAdsStream> to = stream();
  serializer_.RunAndWait([&] { to->Deliver(message); });
  xds::discovery::DiscoveryResponse response;
  if (!response.ParseFromString(message)) {
    executor_.RunReady();
    return;
  }
  const bool asked_for = last_requests_.count(response.type_url()) > 0;
  std::vector<Request> answers;
  if (stream() == to) answers = TakeRequests();
  executor_.RunReady();
  if (!to->open() || !asked_for) {
    for (const Request& answer : answers) {
      Require(answer.type_url != response.type_url(), "what was not asked for is not answered");
    }
    return;
  }
  int answered = 0;
  for (const Request& answer : answers) {
    if (answer.type_url != response.type_url()) continue;
    Require(answer.nonce == response.nonce(), "an answer has the nonce of the response");
    if (answered++ > 0) continue;
    Require(answer.error || answer.version == response.version_info(),
            "an ACK has the version of the response");
  }
  Require(answered == 1, "a response is answered once");
}

void ExchangeWorld::Check() {
  TakeRequests();
  for (const auto& stream : transports_.streams()) {
    Require(!stream->misused(), "no Read() before the last was answered");
  }
  int open = 0;
  for (const auto& stream : transports_.streams()) open += stream->open() ? 1 : 0;
  Require(open <= 1, "there is one stream at most");
}

void ExchangeWorld::Behave() {
  int version = 1000;
  std::map<std::string, std::set<std::string>> asked_before;
  for (int round = 0; round < 20; ++round) {
    ConfirmSent();
    TakeRequests();
    Require(stream() != nullptr && stream()->open(), "there is a stream while there is a watch");
    const std::map<std::string, Request> open = last_requests_;
    std::map<std::string, std::set<std::string>> asked;
    for (const auto& [type_url, request] : open) asked[type_url] = request.names;
    if (asked == asked_before) return;
    asked_before = std::move(asked);
    for (const auto& [type_url, request] : open) {
      std::vector<std::string> resources;
      for (const std::string& name : request.names) {
        std::string resource = GoodResource(type_url, name);
        if (!resource.empty()) resources.push_back(std::move(resource));
      }
      const std::string number = absl::StrCat(++version);
      Require(stream()->reading(), "the client reads once it has dealt with a response");
      Deliver(ResponseWith(type_url, number, number, resources));
      Require(!last_requests_[type_url].error, "good resources are accepted");
    }
    executor_.RunReady();
  }
}

void ExchangeWorld::CheckRecovery() {
  if (targets_[0].resolver == nullptr) Toggle(0);
  Advance(absl::Minutes(3));  // beyond every back-off
  Behave();
  const auto& config = targets_[0].observer.config;
  Require(config != nullptr, "the target has a configuration again");
  Require(config->clusters.size() == 1, "its cluster is there");
  const model::ClusterConfig& cluster = *config->clusters.front();
  Require(cluster.status.ok() && cluster.ambient.ok() && cluster.endpoints != nullptr,
          "its cluster is well");
  Require(cluster.endpoints->endpoint_count() == 1, "its endpoint is there");
  const auto& chunk = *cluster.endpoints->localities[0]->endpoints.chunks()[0];
  Require(chunk.endpoints[0].address == kAddress, "its endpoint is the one that was sent");
  Check();
}

}  // namespace mesh::fuzz
