#include "tests/resolver/xds_world.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "mesh/xds/resources/model_resource.h"

namespace mesh::testing {
namespace {

constexpr absl::string_view kTypes = "lrce";
constexpr absl::string_view kTypeNames[] = {"Listener", "RouteConfiguration", "Cluster",
                                            "ClusterLoadAssignment"};

class FakeType final : public xds::ResourceType {
 public:
  explicit FakeType(absl::string_view url) : url_(url) {}
  absl::string_view type_url() const override { return url_; }
  bool absence_is_deletion() const override { return false; }
  xds::DecodeResult Decode(absl::string_view /*bytes*/, Previous /*previous*/) const override {
    return {};
  }

 private:
  const std::string url_;
};

template <typename T>
std::shared_ptr<const xds::Resource> ResourceOf(T value) {
  return std::make_shared<xds::ModelResource<T>>(std::move(value));
}

}  // namespace

XdsWorld::XdsWorld(std::string local_cluster) : local_cluster_(std::move(local_cluster)) {
  types_.listener = std::make_unique<FakeType>("type/l");
  types_.route_configuration = std::make_unique<FakeType>("type/r");
  types_.cluster = std::make_unique<FakeType>("type/c");
  types_.cluster_load_assignment = std::make_unique<FakeType>("type/e");
  serializer_.RunAndWait([&] {
    resolver_ = NewResolver();
    resolver_->Start(&observer_);
  });
}

std::unique_ptr<resolver::XdsResolver> XdsWorld::NewResolver() {
  resolver::XdsResolver::Options options;
  options.serializer = &serializer_;
  options.client = &client_;
  options.types = &types_;
  options.hosts = &hosts_;
  options.listener_name = "l";
  options.domain = "svc";
  options.authority = "top";
  options.local_cluster = local_cluster_;
  options.locality.zone = "here";
  return resolver::NewXdsResolver(options);
}

XdsWorld::~XdsWorld() {
  DestroyResolver();
  serializer_.Shutdown();
}

void XdsWorld::DestroyResolver() {
  serializer_.RunAndWait([this] { resolver_ = nullptr; });
}

absl::string_view XdsWorld::type_url(char type) const {
  switch (type) {
    case 'l':
      return types_.listener->type_url();
    case 'r':
      return types_.route_configuration->type_url();
    case 'c':
      return types_.cluster->type_url();
    default:
      return types_.cluster_load_assignment->type_url();
  }
}

void XdsWorld::Listener(absl::string_view routes) {
  model::Listener listener;
  listener.name = "l";
  listener.routes = std::string(routes);
  client_.Set(type_url('l'), "l", ResourceOf(std::move(listener)));
}

std::shared_ptr<const model::RouteConfiguration> XdsWorld::RoutesTo(
    absl::string_view name, const std::vector<std::string>& clusters, absl::string_view domain) {
  auto routes = std::make_shared<model::RouteConfiguration>();
  routes->name = std::string(name);
  model::VirtualHost virtual_host;
  virtual_host.name = "v";
  virtual_host.domains = {std::string(domain)};
  for (const std::string& cluster : clusters) {
    model::Route route;
    route.path = model::PathMatcher::Exact(absl::StrCat("/", virtual_host.routes.size()));
    route.clusters.push_back({cluster, 1});
    virtual_host.routes.push_back(std::move(route));
  }
  routes->virtual_hosts.push_back(std::move(virtual_host));
  return routes;
}

void XdsWorld::InlineListener(std::shared_ptr<const model::RouteConfiguration> routes) {
  model::Listener listener;
  listener.name = "l";
  listener.routes = std::move(routes);
  client_.Set(type_url('l'), "l", ResourceOf(std::move(listener)));
}

void XdsWorld::Routes(absl::string_view name, const std::vector<std::string>& clusters,
                      absl::string_view domain) {
  client_.Set(type_url('r'), name, ResourceOf(*RoutesTo(name, clusters, domain)));
}

void XdsWorld::Cluster(absl::string_view name, absl::string_view eds_service_name) {
  model::Cluster cluster;
  cluster.name = std::string(name);
  cluster.eds_service_name = std::string(eds_service_name.empty() ? name : eds_service_name);
  SetCluster(std::move(cluster));
}

void XdsWorld::Cluster(absl::string_view name, model::ClusterType type,
                       const std::vector<std::string>& endpoints) {
  model::Cluster cluster;
  cluster.name = std::string(name);
  cluster.type = type;
  cluster.load_assignment = AssignmentOf(name, endpoints);
  SetCluster(std::move(cluster));
}

void XdsWorld::Aggregate(absl::string_view name, const std::vector<std::string>& clusters) {
  model::Cluster cluster;
  cluster.name = std::string(name);
  cluster.type = model::ClusterType::kAggregate;
  cluster.aggregated = clusters;
  SetCluster(std::move(cluster));
}

void XdsWorld::SetCluster(model::Cluster cluster) {
  const std::string name = cluster.name;
  client_.Set(type_url('c'), name, ResourceOf(std::move(cluster)));
}

std::shared_ptr<const model::ClusterLoadAssignment> XdsWorld::AssignmentOf(
    absl::string_view name, const std::vector<std::string>& addresses) {
  auto assignment = std::make_shared<model::ClusterLoadAssignment>();
  assignment->cluster_name = std::string(name);
  if (!addresses.empty()) {
    auto locality = std::make_shared<model::LocalityEndpoints>();
    std::vector<model::EndpointConfig> endpoints;
    for (const std::string& address : addresses) {
      endpoints.emplace_back();
      endpoints.back().address = address;
    }
    locality->endpoints = model::EndpointList::Of(std::move(endpoints));
    assignment->localities.push_back(std::move(locality));
  }
  return assignment;
}

void XdsWorld::Endpoints(absl::string_view name, const std::vector<std::string>& addresses) {
  client_.Set(type_url('e'), name, ResourceOf(*AssignmentOf(name, addresses)));
}

void XdsWorld::Complete(absl::string_view cluster, absl::string_view address) {
  Cluster(cluster);
  Endpoints(cluster, {std::string(address)});
}

void XdsWorld::Delete(char type, absl::string_view name, absl::string_view cause) {
  client_.SetError(type_url(type), name,
                   absl::UnavailableError(
                       absl::StrCat(kTypeNames[kTypes.find(type)], " \"", name, "\": ", cause)));
}

void XdsWorld::Ambient(char type, absl::string_view name, absl::string_view cause) {
  client_.SetAmbient(type_url(type), name, absl::UnavailableError(cause));
}

void XdsWorld::Healed(char type, absl::string_view name) {
  client_.SetAmbient(type_url(type), name, absl::OkStatus());
}

void XdsWorld::Dns(absl::string_view answer) {
  const size_t mark = answer.find_first_of("=!");
  const absl::string_view host = answer.substr(0, mark);
  const absl::string_view rest = answer.substr(mark + 1);
  serializer_.RunAndWait([&] {
    if (answer[mark] == '!') {
      EXPECT_TRUE(dns_->Answer(host, absl::UnavailableError(rest))) << answer;
    } else {
      EXPECT_TRUE(dns_->Answer(host, FakeHostResolver::Answer{absl::StrSplit(rest, ' '), {}}))
          << answer;
    }
  });
}

std::vector<std::string> XdsWorld::Settle() {
  executor_.RunReady();
  return observer_.Take();
}

std::string XdsWorld::SettleOne() {
  const std::vector<std::string> events = Settle();
  if (events.size() == 1) return events[0];
  return absl::StrCat(events.size(), " events: ", absl::StrJoin(events, " / "));
}

std::string XdsWorld::Dependencies() {
  std::vector<std::string> parts;
  serializer_.RunAndWait([&] {
    for (const auto& resource : resolver_->dependencies()) {
      parts.push_back(absl::StrCat(resource.first.substr(5), ":", resource.second));
    }
  });
  return absl::StrJoin(parts, " ");
}

}  // namespace mesh::testing
