#include "tests/faults/hostile_resources.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "mesh/xds/proto/http_connection_manager.pb.h"
#include "mesh/xds/proto/listener.pb.h"
#include "mesh/xds/proto/load_balancing.pb.h"
#include "mesh/xds/proto/metadata.pb.h"
#include "mesh/xds/proto/route.pb.h"
#include "tests/fuzz/seed_resources.h"

namespace mesh {
namespace {

namespace proto = xds::proto;
using fuzz::AppendBytesField;

constexpr char kTypes[] = "type.googleapis.com/";

std::string Any(const std::string& type, const std::string& value) {
  std::string any;
  AppendBytesField(1, kTypes + type, &any);
  AppendBytesField(2, value, &any);
  return any;
}

proto::RouteConfiguration OneHost() {
  proto::RouteConfiguration routes;
  routes.set_name("svc");
  routes.add_virtual_hosts()->add_domains("*");
  return routes;
}

}  // namespace

std::string Empties(int number, size_t bytes) {
  std::string empties;
  AppendBytesField(number, "", &empties);
  while (empties.size() < bytes) empties += empties;
  empties.resize(bytes & ~size_t{1});
  return empties;
}

std::string EmptyEndpoints(size_t bytes) {
  std::string locality = Empties(2, bytes);
  AppendBytesField(1, "", &locality);
  std::string assignment;
  AppendBytesField(1, "svc-cluster", &assignment);
  AppendBytesField(2, locality, &assignment);
  return assignment;
}

std::string EmptyLocalities(size_t bytes) {
  std::string assignment;
  AppendBytesField(1, "svc-cluster", &assignment);
  return assignment + Empties(2, bytes);
}

std::string EndpointsWithExtras(int count) {
  proto::ClusterLoadAssignment assignment;
  assignment.set_cluster_name("svc-cluster");
  auto* locality = assignment.add_endpoints();
  locality->mutable_locality()->set_region("r");
  locality->mutable_load_balancing_weight()->set_value(1);
  for (int i = 0; i < count; ++i) {
    auto* endpoint = locality->add_lb_endpoints()->mutable_endpoint();
    endpoint->mutable_address()->mutable_socket_address()->set_address("1.1.1.1");
    endpoint->mutable_health_check_config()->set_port_value(1 + i % 2);
  }
  return assignment.SerializeAsString();
}

std::string EndpointWithMetadata(int count) {
  proto::Struct fields;
  fields.mutable_fields()->Reserve(count);
  for (int i = 0; i < count; ++i) fields.add_fields()->mutable_value()->set_bool_value(true);
  proto::ClusterLoadAssignment assignment;
  assignment.set_cluster_name("svc-cluster");
  auto* locality = assignment.add_endpoints();
  locality->mutable_locality()->set_region("r");
  auto* endpoint = locality->add_lb_endpoints();
  endpoint->mutable_endpoint()->mutable_address()->mutable_socket_address()->set_address("1.1.1.1");
  auto* metadata = endpoint->mutable_metadata()->add_filter_metadata();
  metadata->set_key("envoy.lb");
  metadata->set_value(fields.SerializeAsString());
  return assignment.SerializeAsString();
}

std::string ManyEndpoints(int count, int localities) {
  proto::ClusterLoadAssignment assignment;
  assignment.set_cluster_name("svc-cluster");
  for (int i = 0; i < localities; ++i) {
    auto* locality = assignment.add_endpoints();
    locality->mutable_locality()->set_zone(absl::StrCat("zone-", i));
    locality->mutable_load_balancing_weight()->set_value(1);
  }
  for (int i = 0; i < count; ++i) {
    auto* socket = assignment.mutable_endpoints(i % localities)
                       ->add_lb_endpoints()
                       ->mutable_endpoint()
                       ->mutable_address()
                       ->mutable_socket_address();
    socket->set_address(absl::StrCat("10.", i >> 16, ".", (i >> 8) & 255, ".", i & 255));
    socket->set_port_value(80);
  }
  return assignment.SerializeAsString();
}

std::string EmptyRoutes(size_t bytes) {
  std::string host = Empties(3, bytes);
  AppendBytesField(2, "*", &host);
  std::string routes;
  AppendBytesField(1, "svc", &routes);
  AppendBytesField(2, host, &routes);
  return routes;
}

std::string ManyRoutes(int count, const std::string& pattern) {
  proto::RouteConfiguration routes = OneHost();
  for (int i = 0; i < count; ++i) {
    auto* route = routes.mutable_virtual_hosts(0)->add_routes();
    route->mutable_match()->mutable_safe_regex()->set_regex(
        absl::StrReplaceAll(pattern, {{"#", absl::StrCat(i)}}));
    route->mutable_route()->set_cluster("svc-cluster");
  }
  return routes.SerializeAsString();
}

std::string LongPaths(size_t bytes) {
  proto::RouteConfiguration routes = OneHost();
  auto* entry = routes.mutable_virtual_hosts(0)->add_typed_per_filter_config();
  entry->set_key(std::string(bytes, 'k'));
  proto::FilterConfig config;
  config.set_is_optional(true);
  auto* unknown = config.GetReflection()->MutableUnknownFields(&config);
  for (size_t i = 0; i < bytes / 4; ++i) unknown->AddVarint(static_cast<int>(100 + i), 1);
  entry->mutable_value()->set_type_url(absl::StrCat(kTypes, "envoy.config.route.v3.FilterConfig"));
  entry->mutable_value()->set_value(config.SerializeAsString());
  return routes.SerializeAsString();
}

std::string ManyConditions(int count) {
  proto::RouteConfiguration routes = OneHost();
  auto* route = routes.mutable_virtual_hosts(0)->add_routes();
  route->mutable_match()->set_prefix("");
  route->mutable_route()->set_cluster("svc-cluster");
  std::vector<std::string> conditions;
  for (int i = 0; i < count; ++i) conditions.push_back(absl::StrCat(i));
  route->mutable_route()->mutable_retry_policy()->set_retry_on(absl::StrJoin(conditions, ","));
  return routes.SerializeAsString();
}

std::string NestedPolicies(size_t bytes) {
  // From the inside out, where each level copies those inside: more than a few thousand levels
  // take longer to make than to read.
  std::string policy;
  while (policy.size() < bytes) {
    proto::WrrLocality message;
    if (!policy.empty()) {
      message.mutable_endpoint_picking_policy()->ParseFromString(policy);
    }
    proto::LoadBalancingPolicy list;
    auto* any = list.add_policies()->mutable_typed_extension_config()->mutable_typed_config();
    any->set_type_url(absl::StrCat(
        kTypes, "envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality"));
    any->set_value(message.SerializeAsString());
    policy = list.SerializeAsString();
  }
  proto::Cluster cluster;
  cluster.set_name("svc-cluster");
  cluster.set_type(proto::Cluster::EDS);
  cluster.mutable_eds_cluster_config()->mutable_eds_config()->mutable_ads();
  cluster.mutable_load_balancing_policy()->ParseFromString(policy);
  return cluster.SerializeAsString();
}

std::string HugeRing(uint64_t size) {
  proto::Cluster cluster;
  cluster.set_name("svc-cluster");
  cluster.set_type(proto::Cluster::EDS);
  cluster.mutable_eds_cluster_config()->mutable_eds_config()->mutable_ads();
  cluster.set_lb_policy(proto::Cluster::RING_HASH);
  cluster.mutable_ring_hash_lb_config()->mutable_minimum_ring_size()->set_value(size);
  cluster.mutable_ring_hash_lb_config()->mutable_maximum_ring_size()->set_value(size);
  return cluster.SerializeAsString();
}

std::string NestedFilters(size_t bytes) {
  std::string inner = "x";
  while (inner.size() < bytes) inner = Any("xds.type.v3.TypedStruct", inner);
  proto::HttpConnectionManager manager;
  manager.mutable_rds()->mutable_config_source()->mutable_ads();
  manager.mutable_rds()->set_route_config_name("svc");
  auto* filter = manager.add_http_filters();
  filter->set_name("nested");
  filter->mutable_typed_config()->ParseFromString(inner);
  proto::Listener listener;
  listener.set_name("svc");
  auto* any = listener.mutable_api_listener()->mutable_api_listener();
  any->set_type_url(absl::StrCat(kTypes,
                                 "envoy.extensions.filters.network.http_connection_manager.v3."
                                 "HttpConnectionManager"));
  any->set_value(manager.SerializeAsString());
  return listener.SerializeAsString();
}

}  // namespace mesh
