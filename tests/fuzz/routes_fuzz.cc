// Routing. The input is a message: field 1 is a route configuration, 2 a domain, 3 a path (any
// number of them), 4 a random number. The virtual host, the route and the cluster that a call gets
// must be those that a plain reading of the messages gives.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "mesh/call/call_config.h"
#include "mesh/model/route.h"
#include "mesh/xds/proto/route.pb.h"
#include "mesh/xds/resources/model_resource.h"
#include "mesh/xds/wire_format.h"
#include "re2/re2.h"
#include "tests/fuzz/decoder_rules.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/seed_resources.h"

namespace mesh::fuzz {
namespace {

class NamedCluster final : public cluster::Cluster {
 public:
  explicit NamedCluster(std::string name) : name_(std::move(name)) {}
  const std::string& name() const override { return name_; }
  absl::StatusOr<cluster::LimitHold> Wait(model::RoutingPriority,
                                          const EpochReader&) const override {
    return cluster::LimitHold();
  }
  cluster::PickResult Pick(const cluster::PickRequest&, const EpochReader&) const override {
    return cluster::Pending{};
  }
  void Connect() override {}
  void AddObserver(Observer*) override {}
  void RemoveObserver(Observer*) override {}
  Snapshot::Cluster snapshot() const override { return {}; }

 private:
  const std::string name_;
};

// How well a domain pattern fits: kind, then length; zero is not at all.
std::tuple<int, size_t> Fit(const std::string& pattern_text, absl::string_view domain_text) {
  const std::string pattern = absl::AsciiStrToLower(pattern_text);
  const std::string domain = absl::AsciiStrToLower(domain_text);
  if (pattern == domain && !absl::StrContains(pattern, "*")) return {4, pattern.size()};
  if (pattern == "*") return {1, 1};
  if (domain.size() < pattern.size()) return {0, 0};  // the asterisk is at least one character
  if (pattern.front() == '*') {
    const std::string end = pattern.substr(1);
    if (std::equal(end.rbegin(), end.rend(), domain.rbegin())) return {3, pattern.size()};
  } else if (pattern.back() == '*') {
    const std::string begin = pattern.substr(0, pattern.size() - 1);
    if (domain.compare(0, begin.size(), begin) == 0) return {2, pattern.size()};
  }
  return {0, 0};
}

int BestHost(const xds::proto::RouteConfiguration& routes, absl::string_view domain) {
  int best = -1;
  std::tuple<int, size_t> best_fit = {0, 0};
  for (int i = 0; i < routes.virtual_hosts_size(); ++i) {
    for (const std::string& pattern : routes.virtual_hosts(i).domains()) {
      const std::tuple<int, size_t> fit = Fit(pattern, domain);
      if (fit <= best_fit) continue;
      best_fit = fit;
      best = i;
    }
  }
  return best;
}

// Routes that ask for what is not there are left out, as gRPC leaves them out.
bool IsSkipped(const xds::proto::Route& route) {
  return route.match().query_parameters_size() > 0 || route.route().has_cluster_header() ||
         route.route().has_cluster_specifier_plugin() ||
         route.route().has_inline_cluster_specifier_plugin();
}

bool Takes(const xds::proto::RouteMatch& match, std::string path) {
  if (match.has_safe_regex()) return RE2::FullMatch(path, match.safe_regex().regex());
  std::string text = match.has_prefix() ? match.prefix() : match.path();
  if (match.has_case_sensitive() && !match.case_sensitive().value()) {
    text = absl::AsciiStrToLower(text);
    path = absl::AsciiStrToLower(path);
  }
  if (match.has_path()) return path == text;
  return text == "/" || path.compare(0, text.size(), text) == 0;
}

std::string ClusterOf(const xds::proto::RouteAction& action, uint64_t random) {
  if (!action.has_weighted_clusters()) return action.cluster();
  uint64_t total = 0;
  for (const auto& cluster : action.weighted_clusters().clusters())
    total += cluster.weight().value();
  uint64_t place = random % total;
  for (const auto& cluster : action.weighted_clusters().clusters()) {
    if (place < cluster.weight().value()) return cluster.name();
    place -= cluster.weight().value();
  }
  return "";
}

void CheckPath(const call::CallConfig& config, const xds::proto::VirtualHost& host,
               const std::string& path, uint64_t random) {
  const call::CallRoute* const chosen = config.Find(path);
  size_t index = 0;
  for (const xds::proto::Route& route : host.routes()) {
    if (IsSkipped(route)) continue;
    Require(index < config.routes.size(), "every route is there");
    const call::CallRoute& compiled = config.routes[index++];
    if (!Takes(route.match(), path)) continue;
    Require(chosen == &compiled, "the first route that takes the path is chosen");
    Require(chosen->Choose(random).cluster->name() == ClusterOf(route.route(), random),
            "a cluster is chosen by its weight");
    return;
  }
  Require(chosen == nullptr, "no route takes the path");
}

struct Input {
  absl::string_view routes;
  absl::string_view domain;
  std::vector<std::string> paths;
  uint64_t random = 0;
};

void Check(Profile profile, const Input& input) {
  const auto value = xds::ModelOf<model::RouteConfiguration>(
      CheckedDecode(*TypesOf(profile).route_configuration, input.routes).resource);
  if (value == nullptr) return;
  xds::proto::RouteConfiguration message;
  Require(message.ParseFromArray(input.routes.data(), static_cast<int>(input.routes.size())),
          "what was accepted is a message");
  const model::VirtualHost* const host = model::FindVirtualHost(*value, input.domain);
  const int expected = BestHost(message, input.domain);
  Require((host == nullptr) == (expected < 0), "a virtual host serves the domain, or none does");
  if (host == nullptr) return;
  Require(host == &value->virtual_hosts[expected], "the virtual host that fits best is chosen");
  call::ClustersByName clusters;
  for (const model::Route& route : host->routes) {
    for (const model::WeightedCluster& cluster : route.clusters) {
      auto& entry = clusters[cluster.cluster];
      if (entry == nullptr) entry = std::make_shared<NamedCluster>(cluster.cluster);
    }
  }
  const auto config = call::CompileCallConfig(*host, clusters);
  for (const std::string& path : input.paths) {
    CheckPath(*config, message.virtual_hosts(expected), path, input.random);
  }
}

}  // namespace

bool IsWireFormat() { return true; }

void RunInput(absl::string_view bytes) {
  Input input;
  xds::WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.is_bytes(1)) input.routes = reader.bytes();
    if (reader.is_bytes(2)) input.domain = reader.bytes();
    if (reader.is_bytes(3) && input.paths.size() < 8) input.paths.emplace_back(reader.bytes());
    if (reader.is_varint(4)) input.random = reader.number();
  }
  for (const Profile profile : kProfiles) Check(profile, input);
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const std::string& routes : RouteConfigurationSeeds()) {
    for (const char* domain : {"svc", "a.prod.svc.cluster.local", "svc.x", "nobody"}) {
      seeds.emplace_back();
      AppendBytesField(1, routes, &seeds.back());
      AppendBytesField(2, domain, &seeds.back());
      for (const char* path :
           {"/package.Service/METHOD", "/package.B/x", "/package.C/x", "/", ""}) {
        AppendBytesField(3, path, &seeds.back());
      }
      AppendNumberField(4, 70, &seeds.back());
    }
  }
  return seeds;
}

}  // namespace mesh::fuzz
