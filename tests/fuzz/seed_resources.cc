#include "tests/fuzz/seed_resources.h"

#include "absl/strings/str_cat.h"
#include "mesh/xds/proto/circuit_breaker.pb.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/discovery.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "mesh/xds/proto/health_check.pb.h"
#include "mesh/xds/proto/http_connection_manager.pb.h"
#include "mesh/xds/proto/http_protocol_options.pb.h"
#include "mesh/xds/proto/listener.pb.h"
#include "mesh/xds/proto/load_balancing.pb.h"
#include "mesh/xds/proto/metadata.pb.h"
#include "mesh/xds/proto/outlier_detection.pb.h"
#include "mesh/xds/proto/route.pb.h"
#include "mesh/xds/proto/router.pb.h"
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

// A field that our definitions do not have.
void AddUnknown(int number, absl::string_view bytes, Message* message) {
  message->GetReflection()->MutableUnknownFields(message)->AddLengthDelimited(number)->assign(
      bytes.data(), bytes.size());
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

void Pack(absl::string_view type, const Message& message, proto::Any* any) {
  any->set_type_url(absl::StrCat("type.googleapis.com/", type));
  any->set_value(message.SerializeAsString());
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

void SetDuration(int64_t seconds, google::protobuf::Duration* duration) {
  duration->set_seconds(seconds);
  duration->set_nanos(250'000'000);
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

std::string IstioCluster() {
  proto::Cluster cluster;
  cluster.set_name("svc-cluster");
  cluster.set_type(proto::Cluster::EDS);
  cluster.mutable_eds_cluster_config()->mutable_eds_config()->mutable_ads();
  cluster.mutable_eds_cluster_config()->mutable_eds_config()->set_resource_api_version(2);
  cluster.mutable_eds_cluster_config()->set_service_name("outbound|9080||svc");
  SetDuration(10, cluster.mutable_connect_timeout());
  cluster.mutable_common_lb_config()->mutable_locality_weighted_lb_config();
  SetDuration(10, cluster.mutable_outlier_detection()->mutable_interval());
  cluster.mutable_outlier_detection()->mutable_max_ejection_percent()->set_value(10);
  AddUnknown(25, "metadata", &cluster);
  return cluster.SerializeAsString();
}

proto::Cluster EdsCluster() {
  proto::Cluster cluster;
  cluster.set_name("svc-cluster");
  cluster.set_type(proto::Cluster::EDS);
  cluster.mutable_eds_cluster_config()->mutable_eds_config()->mutable_self();
  return cluster;
}

void SetSlowStart(proto::SlowStartConfig* config) {
  SetDuration(60, config->mutable_slow_start_window());
  config->mutable_aggression()->set_default_value(1.5);
  config->mutable_min_weight_percent()->set_value(20);
}

template <typename Message>
void SetSubsets(Message* config) {
  config->set_fallback_policy(proto::LbSubsetConfig::DEFAULT_SUBSET);
  proto::StructField* field = config->mutable_default_subset()->add_fields();
  field->set_key("version");
  field->mutable_value()->set_string_value("v1");
  proto::LbSubsetSelector* selector = config->add_subset_selectors();
  selector->add_keys("version");
  selector->add_keys("canary");
  selector->set_fallback_policy(proto::LbSubsetSelector::KEYS_SUBSET);
  selector->add_fallback_keys_subset("canary");
  config->add_subset_selectors()->add_keys("version");
  config->mutable_subset_selectors(1)->set_fallback_policy(proto::LbSubsetSelector::ANY_ENDPOINT);
  config->set_metadata_fallback_policy(proto::LbSubsetConfig::FALLBACK_LIST);
}

std::string SubsetCluster() {
  proto::Cluster cluster = EdsCluster();
  SetSubsets(cluster.mutable_lb_subset_config());
  cluster.mutable_lb_subset_config()->set_locality_weight_aware(true);
  cluster.mutable_common_lb_config()->mutable_locality_weighted_lb_config();
  return cluster.SerializeAsString();
}

// What a cluster may have in flight, when its endpoints are ejected, how long connections last.
std::string LimitedCluster() {
  proto::Cluster cluster = EdsCluster();
  proto::CircuitBreakers* breakers = cluster.mutable_circuit_breakers();
  for (int priority = 0; priority < 2; ++priority) {
    proto::CircuitBreakers::Thresholds* thresholds = breakers->add_thresholds();
    thresholds->set_priority(priority);
    thresholds->mutable_max_connections()->set_value(100);
    thresholds->mutable_max_pending_requests()->set_value(0);
    thresholds->mutable_max_requests()->set_value(0xffffffff);
    thresholds->mutable_max_retries()->set_value(3);
  }
  auto* budget = breakers->mutable_thresholds(1)->mutable_retry_budget();
  budget->mutable_budget_percent()->set_value(12.5);
  budget->mutable_min_retry_concurrency()->set_value(10);
  proto::OutlierDetection* outlier = cluster.mutable_outlier_detection();
  outlier->mutable_consecutive_5xx()->set_value(7);
  SetDuration(5, outlier->mutable_interval());
  SetDuration(60, outlier->mutable_base_ejection_time());
  SetDuration(600, outlier->mutable_max_ejection_time());
  outlier->mutable_enforcing_success_rate()->set_value(0);
  outlier->mutable_failure_percentage_threshold()->set_value(50);
  outlier->mutable_enforcing_failure_percentage()->set_value(100);
  outlier->set_split_external_local_origin_errors(true);
  outlier->mutable_always_eject_one_host()->set_value(true);
  proto::UpstreamHttpProtocolOptions options;
  SetDuration(3600,
              options.mutable_common_http_protocol_options()->mutable_max_connection_duration());
  options.mutable_common_http_protocol_options()->mutable_max_requests_per_connection()->set_value(
      1000);
  SetDuration(60, options.mutable_common_http_protocol_options()->mutable_idle_timeout());
  options.mutable_explicit_http_config()
      ->mutable_http2_protocol_options()
      ->mutable_max_concurrent_streams()
      ->set_value(100);
  proto::KeepaliveSettings* keepalive = options.mutable_explicit_http_config()
                                            ->mutable_http2_protocol_options()
                                            ->mutable_connection_keepalive();
  SetDuration(30, keepalive->mutable_interval());
  SetDuration(10, keepalive->mutable_timeout());
  keepalive->mutable_interval_jitter()->set_value(15);
  proto::ExtensionProtocolOptions* extension = cluster.add_typed_extension_protocol_options();
  extension->set_key("envoy.extensions.upstreams.http.v3.HttpProtocolOptions");
  Pack(extension->key(), options, extension->mutable_value());
  return cluster.SerializeAsString();
}

// A cluster whose endpoints are checked in each way that there is.
std::string CheckedCluster() {
  proto::Cluster cluster = EdsCluster();
  for (int i = 0; i < 3; ++i) {
    proto::HealthCheck* check = cluster.add_health_checks();
    SetDuration(1, check->mutable_timeout());
    SetDuration(5, check->mutable_interval());
    check->mutable_unhealthy_threshold()->set_value(3);
    check->mutable_healthy_threshold()->set_value(2);
    check->set_interval_jitter_percent(10);
  }
  cluster.mutable_health_checks(0)->mutable_grpc_health_check()->set_service_name("svc");
  auto* http = cluster.mutable_health_checks(1)->mutable_http_health_check();
  http->set_path("/healthz");
  http->set_host("svc.prod");
  http->add_expected_statuses()->set_start(200);
  http->mutable_expected_statuses(0)->set_end(300);
  auto* tcp = cluster.mutable_health_checks(2)->mutable_tcp_health_check();
  tcp->mutable_send()->set_text("50494e47");
  tcp->add_receive()->set_binary("PONG\xff");
  SetDuration(2, cluster.mutable_health_checks(2)->mutable_unhealthy_edge_interval());
  return cluster.SerializeAsString();
}

// A cluster of each type that has no endpoints by EDS.
std::vector<std::string> OtherTypesOfClusters() {
  std::vector<std::string> seeds;
  for (const auto type :
       {proto::Cluster::STATIC, proto::Cluster::STRICT_DNS, proto::Cluster::LOGICAL_DNS}) {
    proto::Cluster cluster;
    cluster.set_name("svc-cluster");
    cluster.set_type(type);
    proto::ClusterLoadAssignment assignment;
    assignment.set_cluster_name("svc-cluster");
    auto* socket = assignment.add_endpoints()
                       ->add_lb_endpoints()
                       ->mutable_endpoint()
                       ->mutable_address()
                       ->mutable_socket_address();
    socket->set_address(type == proto::Cluster::STATIC ? "10.0.0.1" : "svc.example");
    socket->set_port_value(80);
    if (type != proto::Cluster::LOGICAL_DNS) {
      assignment.add_endpoints()->set_priority(1);
      assignment.mutable_policy()->mutable_overprovisioning_factor()->set_value(120);
    }
    cluster.set_load_assignment(assignment.SerializeAsString());
    cluster.set_dns_lookup_family(proto::Cluster::V4_PREFERRED);
    cluster.set_respect_dns_ttl(true);
    SetDuration(60, cluster.mutable_dns_refresh_rate());
    SetDuration(1, cluster.mutable_dns_failure_refresh_rate()->mutable_base_interval());
    SetDuration(9, cluster.mutable_dns_failure_refresh_rate()->mutable_max_interval());
    SetDuration(2, cluster.mutable_dns_jitter());
    seeds.push_back(cluster.SerializeAsString());
  }
  proto::Cluster cluster;
  cluster.set_name("svc-cluster");
  cluster.set_lb_policy(proto::Cluster::CLUSTER_PROVIDED);
  cluster.mutable_cluster_type()->set_name("envoy.clusters.aggregate");
  proto::AggregateClusterConfig aggregate;
  for (const char* name : {"other", "third", "svc-cluster-2"}) aggregate.add_clusters(name);
  Pack("envoy.extensions.clusters.aggregate.v3.ClusterConfig", aggregate,
       cluster.mutable_cluster_type()->mutable_typed_config());
  seeds.push_back(cluster.SerializeAsString());
  return seeds;
}

// A cluster for each policy that has a name of its own.
std::vector<std::string> NamedPolicyClusters() {
  std::vector<proto::Cluster> clusters(5, EdsCluster());
  SetSlowStart(clusters[0].mutable_round_robin_lb_config()->mutable_slow_start_config());
  clusters[0].mutable_common_lb_config()->mutable_healthy_panic_threshold()->set_value(33.3);
  clusters[0].mutable_common_lb_config()->set_ignore_new_hosts_until_first_hc(true);
  clusters[1].set_lb_policy(proto::Cluster::LEAST_REQUEST);
  proto::LeastRequestLbConfig* least = clusters[1].mutable_least_request_lb_config();
  least->mutable_choice_count()->set_value(3);
  least->mutable_active_request_bias()->set_default_value(0.5);
  SetSlowStart(least->mutable_slow_start_config());
  clusters[2].set_lb_policy(proto::Cluster::RING_HASH);
  clusters[2].mutable_ring_hash_lb_config()->mutable_minimum_ring_size()->set_value(2048);
  clusters[2].mutable_ring_hash_lb_config()->mutable_maximum_ring_size()->set_value(65536);
  clusters[2]
      .mutable_common_lb_config()
      ->mutable_consistent_hashing_lb_config()
      ->mutable_hash_balance_factor()
      ->set_value(125);
  clusters[3].set_lb_policy(proto::Cluster::MAGLEV);
  clusters[3].mutable_maglev_lb_config()->mutable_table_size()->set_value(131);
  clusters[4].set_lb_policy(proto::Cluster::RANDOM);
  std::vector<std::string> seeds;
  for (const proto::Cluster& cluster : clusters) seeds.push_back(cluster.SerializeAsString());
  return seeds;
}

void AddPolicy(absl::string_view type, const Message& config, proto::LoadBalancingPolicy* list) {
  Pack(absl::StrCat("envoy.extensions.load_balancing_policies.", type), config,
       list->add_policies()->mutable_typed_extension_config()->mutable_typed_config());
}

std::string PolicyCluster(absl::string_view type, const Message& config) {
  proto::WrrLocality locality;
  AddPolicy("client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin", proto::Router(),
            locality.mutable_endpoint_picking_policy());
  AddPolicy(type, config, locality.mutable_endpoint_picking_policy());
  proto::Cluster cluster = EdsCluster();
  AddPolicy("wrr_locality.v3.WrrLocality", locality, cluster.mutable_load_balancing_policy());
  cluster.mutable_lrs_server()->mutable_self();
  return cluster.SerializeAsString();
}

// A cluster for each policy that may stand in a list.
std::vector<std::string> ListedPolicyClusters() {
  proto::RoundRobin round_robin;
  round_robin.mutable_locality_lb_config()->mutable_locality_weighted_lb_config();
  SetSlowStart(round_robin.mutable_slow_start_config());
  proto::LeastRequest least;
  least.mutable_choice_count()->set_value(4);
  least.set_selection_method(proto::LeastRequest::FULL_SCAN);
  proto::RingHash ring;
  ring.mutable_minimum_ring_size()->set_value(512);
  ring.mutable_consistent_hashing_lb_config()->mutable_hash_balance_factor()->set_value(150);
  proto::Maglev maglev;
  maglev.mutable_table_size()->set_value(65537);
  maglev.mutable_locality_weighted_lb_config();
  proto::PickFirst first;
  first.set_shuffle_address_list(true);
  proto::Subset subset;
  SetSubsets(&subset);
  AddPolicy("random.v3.Random", proto::Random(), subset.mutable_subset_lb_policy());
  return {PolicyCluster("round_robin.v3.RoundRobin", round_robin),
          PolicyCluster("least_request.v3.LeastRequest", least),
          PolicyCluster("ring_hash.v3.RingHash", ring),
          PolicyCluster("maglev.v3.Maglev", maglev),
          PolicyCluster("pick_first.v3.PickFirst", first),
          PolicyCluster("subset.v3.Subset", subset)};
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

std::vector<std::string> ClusterSeeds() {
  std::vector<std::string> seeds = {ServiceResources::ClusterBytes("svc-cluster"), IstioCluster(),
                                    LimitedCluster(), CheckedCluster(), SubsetCluster()};
  for (const auto& more : {NamedPolicyClusters(), ListedPolicyClusters(), OtherTypesOfClusters()}) {
    seeds.insert(seeds.end(), more.begin(), more.end());
  }
  return seeds;
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
