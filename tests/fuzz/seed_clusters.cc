#include "absl/strings/str_cat.h"
#include "mesh/xds/proto/circuit_breaker.pb.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "mesh/xds/proto/health_check.pb.h"
#include "mesh/xds/proto/http_protocol_options.pb.h"
#include "mesh/xds/proto/load_balancing.pb.h"
#include "mesh/xds/proto/metadata.pb.h"
#include "mesh/xds/proto/outlier_detection.pb.h"
#include "mesh/xds/proto/router.pb.h"
#include "tests/fuzz/seed_fields.h"
#include "tests/fuzz/seed_resources.h"
#include "tests/testing/xds_resources.h"

namespace mesh::fuzz {
namespace {

namespace proto = xds::proto;
using google::protobuf::Message;
using testing::ServiceResources;

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
  proto::ClientSideWeightedRoundRobin weighted;
  weighted.mutable_enable_oob_load_report()->set_value(true);
  weighted.mutable_oob_reporting_period()->set_seconds(10);
  weighted.mutable_blackout_period()->set_seconds(10);
  weighted.mutable_weight_expiration_period()->set_seconds(180);
  weighted.mutable_weight_update_period()->set_seconds(1);
  weighted.mutable_error_utilization_penalty()->set_value(1);
  weighted.add_metric_names_for_computing_utilization("named_metrics.queue");
  proto::Subset subset;
  SetSubsets(&subset);
  AddPolicy("random.v3.Random", proto::Random(), subset.mutable_subset_lb_policy());
  return {
      PolicyCluster("round_robin.v3.RoundRobin", round_robin),
      PolicyCluster("least_request.v3.LeastRequest", least),
      PolicyCluster("ring_hash.v3.RingHash", ring),
      PolicyCluster("maglev.v3.Maglev", maglev),
      PolicyCluster("pick_first.v3.PickFirst", first),
      PolicyCluster("client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin", weighted),
      PolicyCluster("subset.v3.Subset", subset)};
}

}  // namespace

std::vector<std::string> ClusterSeeds() {
  std::vector<std::string> seeds = {ServiceResources::ClusterBytes("svc-cluster"), IstioCluster(),
                                    LimitedCluster(), CheckedCluster(), SubsetCluster()};
  for (const auto& more : {NamedPolicyClusters(), ListedPolicyClusters(), OtherTypesOfClusters()}) {
    seeds.insert(seeds.end(), more.begin(), more.end());
  }
  return seeds;
}

}  // namespace mesh::fuzz
