#include "tests/testing/service_resources.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "mesh/xds/proto/http_connection_manager.pb.h"
#include "mesh/xds/proto/listener.pb.h"
#include "mesh/xds/proto/metadata.pb.h"
#include "mesh/xds/proto/route.pb.h"
#include "mesh/xds/proto/router.pb.h"

namespace mesh::testing {
namespace {

using xds::proto::Any;

constexpr char kManagerType[] =
    "type.googleapis.com/"
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
constexpr char kRouterType[] = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

template <typename M>
void Pack(const char* type_url, const M& message, Any* any) {
  any->set_type_url(type_url);
  any->set_value(message.SerializeAsString());
}

void SetVersion(const std::string& version, xds::proto::Metadata* metadata) {
  xds::proto::Struct values;
  auto* field = values.add_fields();
  field->set_key("version");
  field->mutable_value()->set_string_value(version);
  auto* entry = metadata->add_filter_metadata();
  entry->set_key("envoy.lb");
  entry->set_value(values.SerializeAsString());
}

}  // namespace

std::string ServiceResources::ListenerBytes() const {
  xds::proto::HttpConnectionManager manager;
  manager.mutable_rds()->mutable_config_source()->mutable_ads();
  manager.mutable_rds()->set_route_config_name(name);
  auto* filter = manager.add_http_filters();
  filter->set_name("router");
  Pack(kRouterType, xds::proto::Router(), filter->mutable_typed_config());
  xds::proto::Listener listener;
  listener.set_name(name);
  Pack(kManagerType, manager, listener.mutable_api_listener()->mutable_api_listener());
  return listener.SerializeAsString();
}

std::string ServiceResources::RouteConfigurationBytes() const {
  xds::proto::RouteConfiguration configuration;
  configuration.set_name(name);
  auto* host = configuration.add_virtual_hosts();
  host->set_name(name);
  host->add_domains("*");
  auto* route = host->add_routes();
  route->mutable_match()->set_prefix("");
  auto* action = route->mutable_route();
  if (cluster_weights.size() == 1) {
    action->set_cluster(cluster_weights.begin()->first);
  } else {
    for (const auto& [cluster, weight] : cluster_weights) {
      auto* weighted = action->mutable_weighted_clusters()->add_clusters();
      weighted->set_name(cluster);
      weighted->mutable_weight()->set_value(weight);
    }
  }
  if (!version.empty()) SetVersion(version, action->mutable_metadata_match());
  if (!retry_on.empty()) {
    action->mutable_retry_policy()->set_retry_on(retry_on);
    action->mutable_retry_policy()->mutable_num_retries()->set_value(num_retries);
  }
  return configuration.SerializeAsString();
}

std::string ServiceResources::ClusterBytes(absl::string_view name, absl::string_view assignment) {
  xds::proto::Cluster cluster;
  cluster.set_name(std::string(name));
  cluster.set_type(xds::proto::Cluster::EDS);
  cluster.mutable_eds_cluster_config()->mutable_eds_config()->mutable_ads();
  if (!assignment.empty()) {
    cluster.mutable_eds_cluster_config()->set_service_name(std::string(assignment));
  }
  return cluster.SerializeAsString();
}

std::string ServiceResources::AssignmentBytes(absl::string_view cluster,
                                              const std::vector<Locality>& localities) {
  xds::proto::ClusterLoadAssignment assignment;
  assignment.set_cluster_name(std::string(cluster));
  for (const Locality& locality : localities) {
    auto* endpoints = assignment.add_endpoints();
    endpoints->mutable_locality()->set_zone(locality.zone);
    endpoints->mutable_load_balancing_weight()->set_value(locality.weight);
    endpoints->set_priority(locality.priority);
    for (const std::string& address : locality.addresses) {
      const size_t colon = address.rfind(':');
      uint32_t port = 0;
      if (!absl::SimpleAtoi(address.substr(colon + 1), &port)) continue;
      auto* endpoint = endpoints->add_lb_endpoints();
      const auto is_of = [&address](const std::vector<std::string>& list) {
        return std::find(list.begin(), list.end(), address) != list.end();
      };
      if (is_of(locality.draining)) endpoint->set_health_status(3);   // DRAINING
      if (is_of(locality.unhealthy)) endpoint->set_health_status(2);  // UNHEALTHY
      const auto version = locality.versions.find(address);
      if (version != locality.versions.end()) {
        SetVersion(version->second, endpoint->mutable_metadata());
      }
      auto* socket = endpoint->mutable_endpoint()->mutable_address()->mutable_socket_address();
      socket->set_address(address.substr(0, colon));
      socket->set_port_value(port);
    }
  }
  return assignment.SerializeAsString();
}

}  // namespace mesh::testing
