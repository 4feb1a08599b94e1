#include "tests/fuzz/seed_resources.h"

#include "absl/strings/str_cat.h"
#include "mesh/xds/proto/discovery.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "mesh/xds/proto/http_connection_manager.pb.h"
#include "mesh/xds/proto/listener.pb.h"
#include "mesh/xds/proto/metadata.pb.h"
#include "mesh/xds/proto/route.pb.h"
#include "mesh/xds/proto/router.pb.h"
#include "tests/fuzz/seed_fields.h"
#include "tests/testing/xds_resources.h"

namespace mesh::fuzz {
namespace {

namespace proto = xds::proto;
using google::protobuf::Message;
using testing::ServiceResources;

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

// Metadata that a route names, with an alternative.
void AddMatch(absl::string_view version, proto::Metadata* match) {
  proto::Struct fields;
  proto::StructField* field = fields.add_fields();
  field->set_key("version");
  field->mutable_value()->set_string_value(std::string(version));
  const proto::Struct alternative = fields;
  field = fields.add_fields();
  field->set_key("fallback_list");
  *field->mutable_value()->mutable_list_value()->add_values()->mutable_struct_value() = alternative;
  proto::FilterMetadata* entry = match->add_filter_metadata();
  entry->set_key("envoy.lb");
  entry->set_value(fields.SerializeAsString());
}

ServiceResources Service() {
  ServiceResources service;
  service.name = "svc";
  service.cluster_weights = {{"svc-cluster", 3}, {"other", 1}};
  service.retry_on = "unavailable,cancelled,gateway-error";
  service.num_retries = 3;
  return service;
}

void AddFilter(absl::string_view name, absl::string_view type, const Message& config,
               proto::HttpConnectionManager* manager) {
  proto::HttpFilter* filter = manager->add_http_filters();
  filter->set_name(std::string(name));
  Pack(type, config, filter->mutable_typed_config());
}

std::string IstioListener(bool inline_routes) {
  proto::HttpConnectionManager manager;
  if (inline_routes) {
    manager.mutable_route_config()->ParseFromString(Service().RouteConfigurationBytes());
  } else {
    manager.mutable_rds()->mutable_config_source()->mutable_ads();
    manager.mutable_rds()->set_route_config_name("svc");
  }
  AddFilter("envoy.filters.http.fault", "envoy.extensions.filters.http.fault.v3.HTTPFault",
            proto::Router(), &manager);
  AddFilter("envoy.filters.http.rbac", "envoy.extensions.filters.http.rbac.v3.RBAC",
            proto::Router(), &manager);
  manager.mutable_http_filters(1)->set_is_optional(true);
  AddFilter("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router",
            proto::Router(), &manager);
  AddUnknown(2, "outbound|9080||svc", &manager);  // stat_prefix
  AddUnknown(13, "access log", &manager);
  proto::Listener listener;
  listener.set_name("svc");
  Pack("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", manager,
       listener.mutable_api_listener()->mutable_api_listener());
  AddUnknown(2, "address", &listener);
  return listener.SerializeAsString();
}

std::string IstioRoutes() {
  proto::RouteConfiguration routes;
  routes.set_name("svc");
  proto::VirtualHost* host = routes.add_virtual_hosts();
  host->set_name("svc.prod.svc.cluster.local:9080");
  for (const char* domain : {"svc", "svc.prod", "*.prod.svc.cluster.local", "svc.*", "10.0.0.1"}) {
    host->add_domains(domain);
  }
  proto::Route* route = host->add_routes();
  route->set_name("canary");
  route->mutable_match()->set_path("/package.Service/Method");
  route->mutable_match()->mutable_case_sensitive()->set_value(false);
  route->mutable_route()->set_cluster("svc-cluster");
  SetDuration(1, route->mutable_route()->mutable_timeout());
  route = host->add_routes();
  route->mutable_match()->mutable_safe_regex()->set_regex("/package\\.(A|B+)/[^/]*");
  auto* clusters = route->mutable_route()->mutable_weighted_clusters();
  for (const char* name : {"svc-cluster", "other", "third"}) {
    auto* cluster = clusters->add_clusters();
    cluster->set_name(name);
    cluster->mutable_weight()->set_value(33);
    AddMatch("v1", cluster->mutable_metadata_match());
  }
  AddMatch("v2", route->mutable_route()->mutable_metadata_match());
  SetDuration(5,
              route->mutable_route()->mutable_max_stream_duration()->mutable_max_stream_duration());
  route = host->add_routes();
  route->mutable_match()->set_prefix("/package.");
  route->mutable_match()->mutable_grpc();
  route->mutable_route()->set_cluster("svc-cluster");
  auto* retry = route->mutable_route()->mutable_retry_policy();
  retry->set_retry_on("connect-failure,refused-stream,unavailable,cancelled,503");
  retry->mutable_num_retries()->set_value(2);
  SetDuration(0, retry->mutable_retry_back_off()->mutable_base_interval());
  AddUnknown(5, "previous hosts", retry);
  auto* filter = route->add_typed_per_filter_config();
  filter->set_key("envoy.filters.http.rbac");
  proto::FilterConfig optional;
  optional.set_is_optional(true);
  Pack("envoy.extensions.filters.http.rbac.v3.RBACPerRoute", proto::Router(),
       optional.mutable_config());
  Pack("envoy.config.route.v3.FilterConfig", optional, filter->mutable_value());
  host = routes.add_virtual_hosts();
  host->set_name("allow_any");
  host->add_domains("*");
  route = host->add_routes();
  route->mutable_match()->set_prefix("/");
  route->mutable_route()->set_cluster("PassthroughCluster");
  AddUnknown(4, "metadata", route);
  return routes.SerializeAsString();
}

void AddMetadata(int number, proto::LbEndpoint* endpoint) {
  proto::Struct fields;
  const auto add = [&](absl::string_view key) {
    proto::StructField* field = fields.add_fields();
    field->set_key(std::string(key));
    return field->mutable_value();
  };
  add("version")->set_string_value(number % 2 == 0 ? "v1" : "v2");
  add("hash_key")->set_string_value(absl::StrCat("key", number));
  add("shard")->set_number_value(number / 4.0);
  add("canary")->set_bool_value(number % 3 == 0);
  proto::ListValue* const zones = add("zones")->mutable_list_value();
  zones->add_values()->set_string_value("a");
  zones->add_values()->set_null_value(0);
  *add("struct")->mutable_struct_value() = fields;
  for (const absl::string_view key : {"istio", "envoy.lb"}) {
    proto::FilterMetadata* entry = endpoint->mutable_metadata()->add_filter_metadata();
    entry->set_key(std::string(key));
    entry->set_value(fields.SerializeAsString());
  }
}

// `count` endpoints in localities of a few sizes, the last without a weight, as istiod has them.
std::string IstioAssignment(int count) {
  proto::ClusterLoadAssignment assignment;
  assignment.set_cluster_name("svc-cluster");
  assignment.mutable_policy()->mutable_overprovisioning_factor()->set_value(150);
  auto* drop = assignment.mutable_policy()->add_drop_overloads();
  drop->set_category("throttle");
  drop->mutable_drop_percentage()->set_numerator(5);
  for (int i = 0; i < 4; ++i) {
    auto* locality = assignment.add_endpoints();
    locality->mutable_locality()->set_region("eu");
    locality->mutable_locality()->set_zone(absl::StrCat("z", i));
    locality->set_priority(i / 2);
    if (i < 3) locality->mutable_load_balancing_weight()->set_value(10 + i);
    for (int k = 0; k < (i == 0 ? count : 2); ++k) {
      auto* endpoint = locality->add_lb_endpoints();
      auto* address = endpoint->mutable_endpoint()->mutable_address();
      if (k % 7 == 6) {
        address->mutable_pipe()->set_path("/run/socket");
      } else {
        address->mutable_socket_address()->set_address(
            k % 5 == 4 ? "2001:db8::1" : absl::StrCat("10.", i, ".", k / 256, ".", k % 256));
        address->mutable_socket_address()->set_port_value(9080);
      }
      if (k % 3 == 0) endpoint->set_health_status(k % 6);
      if (k % 4 == 0) endpoint->mutable_load_balancing_weight()->set_value(1 + k % 60);
      if (k % 11 == 3) AddMetadata(k, endpoint);
      if (k % 13 == 5) {
        auto* check = endpoint->mutable_endpoint()->mutable_health_check_config();
        check->set_port_value(8080 + k);
        check->set_hostname("svc.prod");
        check->set_disable_active_health_check(k % 2 == 1);
      }
    }
  }
  return assignment.SerializeAsString();
}

}  // namespace

std::vector<std::string> ListenerSeeds() {
  return {Service().ListenerBytes(), IstioListener(false), IstioListener(true)};
}

std::vector<std::string> RouteConfigurationSeeds() {
  return {Service().RouteConfigurationBytes(), IstioRoutes()};
}

std::vector<std::string> AssignmentSeeds() {
  return {ServiceResources::AssignmentBytes("svc-cluster", {{"a", 1, 0, {"10.0.0.1:80"}}}),
          ServiceResources::AssignmentBytes("svc-cluster", {}), IstioAssignment(3),
          IstioAssignment(40), IstioAssignment(300)};
}

std::string ResponseWith(absl::string_view type_url, absl::string_view version,
                         absl::string_view nonce, const std::vector<std::string>& resources,
                         bool wrapped) {
  xds::discovery::DiscoveryResponse response;
  response.set_type_url(std::string(type_url));
  response.set_version_info(std::string(version));
  response.set_nonce(std::string(nonce));
  for (const std::string& resource : resources) {
    auto* any = response.add_resources();
    any->set_type_url(std::string(type_url));
    any->set_value(resource);
    if (!wrapped) continue;
    xds::discovery::Resource wrapper;
    wrapper.set_name("svc");
    *wrapper.mutable_resource() = *any;
    any->set_type_url("type.googleapis.com/envoy.service.discovery.v3.Resource");
    any->set_value(wrapper.SerializeAsString());
  }
  return response.SerializeAsString();
}

void AppendBytesField(int number, absl::string_view bytes, std::string* message) {
  message->push_back(static_cast<char>(number << 3 | 2));
  AppendVarint(bytes.size(), message);
  message->append(bytes.data(), bytes.size());
}

void AppendNumberField(int number, uint64_t value, std::string* message) {
  message->push_back(static_cast<char>(number << 3));
  AppendVarint(value, message);
}

}  // namespace mesh::fuzz
