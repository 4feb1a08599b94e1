"""The bases of fields_test.py: valid resources that together hold every message we declare."""

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.clusters.aggregate.v3 import cluster_pb2 as aggregate_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3 import (
    client_side_weighted_round_robin_pb2)
from envoy.extensions.load_balancing_policies.least_request.v3 import least_request_pb2
from envoy.extensions.load_balancing_policies.maglev.v3 import maglev_pb2
from envoy.extensions.load_balancing_policies.pick_first.v3 import pick_first_pb2
from envoy.extensions.load_balancing_policies.random.v3 import random_pb2
from envoy.extensions.load_balancing_policies.ring_hash.v3 import ring_hash_pb2
from envoy.extensions.load_balancing_policies.round_robin.v3 import round_robin_pb2
from envoy.extensions.load_balancing_policies.subset.v3 import subset_pb2
from envoy.extensions.load_balancing_policies.wrr_locality.v3 import wrr_locality_pb2

PROFILES = ("mesh", "envoy", "grpc")
NOT_GRPC = ("mesh", "envoy")  # for what gRPC does not know

# What an Any in a base may hold, so that it is looked into.
PACKED = {m.DESCRIPTOR.full_name: m for m in (
    http_connection_manager_pb2.HttpConnectionManager, router_pb2.Router,
    round_robin_pb2.RoundRobin, random_pb2.Random, wrr_locality_pb2.WrrLocality,
    least_request_pb2.LeastRequest, ring_hash_pb2.RingHash, maglev_pb2.Maglev,
    pick_first_pb2.PickFirst,
    client_side_weighted_round_robin_pb2.ClientSideWeightedRoundRobin, subset_pb2.Subset, aggregate_pb2.ClusterConfig)}


def listener(inline):
    manager = http_connection_manager_pb2.HttpConnectionManager()
    if inline:
        manager.route_config.CopyFrom(routes())
    else:
        manager.rds.config_source.ads.SetInParent()
        manager.rds.route_config_name = "routes"
    http_filter = manager.http_filters.add(name="router")
    http_filter.typed_config.Pack(router_pb2.Router())
    result = listener_pb2.Listener(name="listener")
    result.api_listener.api_listener.Pack(manager)
    return result


def listener_self():
    result = listener(False)
    manager = http_connection_manager_pb2.HttpConnectionManager()
    result.api_listener.api_listener.Unpack(manager)
    manager.rds.config_source.self.SetInParent()
    result.api_listener.api_listener.Pack(manager)
    return result


def routes():
    result = route_pb2.RouteConfiguration(name="routes")
    host = result.virtual_hosts.add(name="host", domains=["*"])
    host.retry_policy.retry_on = "unavailable"
    route = host.routes.add()
    route.match.prefix = "/a"
    route.match.grpc.SetInParent()
    route.route.cluster = "cluster"
    route.route.retry_policy.retry_on = "cancelled"
    route = host.routes.add()
    route.match.safe_regex.regex = "/b.*"
    route.route.max_stream_duration.max_stream_duration.seconds = 5
    route.route.weighted_clusters.clusters.add(name="cluster").weight.value = 1
    return result


def routes_with_plugin():
    result = routes()
    plugin = result.cluster_specifier_plugins.add(is_optional=True)
    plugin.extension.name = "plugin"
    plugin.extension.typed_config.type_url = "type.googleapis.com/mesh.test.Nothing"
    return result


def eds_cluster():
    result = cluster_pb2.Cluster(name="cluster", type=cluster_pb2.Cluster.EDS)
    result.eds_cluster_config.eds_config.ads.SetInParent()
    return result


def cluster():
    result = eds_cluster()
    common = result.common_lb_config
    common.healthy_panic_threshold.value = 40
    common.locality_weighted_lb_config.SetInParent()
    common.consistent_hashing_lb_config.hash_balance_factor.value = 150
    result.dns_failure_refresh_rate.base_interval.seconds = 1
    return result


def cluster_that_fails_in_panic():
    result = eds_cluster()
    result.common_lb_config.zone_aware_lb_config.fail_traffic_on_panic = True
    return result


def cluster_with_slow_start():
    result = cluster()
    slow_start(result.round_robin_lb_config.slow_start_config)
    return result


def cluster_with_least_request():
    result = cluster()
    result.lb_policy = cluster_pb2.Cluster.LEAST_REQUEST
    result.least_request_lb_config.choice_count.value = 2
    result.least_request_lb_config.active_request_bias.default_value = 1
    slow_start(result.least_request_lb_config.slow_start_config)
    return result


def cluster_with_ring_hash():
    result = cluster()
    result.lb_policy = cluster_pb2.Cluster.RING_HASH
    result.ring_hash_lb_config.minimum_ring_size.value = 1
    return result


def cluster_with_maglev():
    result = cluster()
    result.lb_policy = cluster_pb2.Cluster.MAGLEV
    result.maglev_lb_config.table_size.value = 7
    return result


def slow_start(config):
    config.slow_start_window.seconds = 60
    config.aggression.default_value = 2
    config.min_weight_percent.value = 20


def cluster_with_subsets():
    result = cluster()
    result.lb_subset_config.default_subset["version"] = "v1"
    result.lb_subset_config.subset_selectors.add(keys=["version"])
    return result


def subset():
    policy = subset_pb2.Subset()
    policy.default_subset["version"] = "v1"
    policy.subset_selectors.add(keys=["version"])
    inner = policy.subset_lb_policy.policies.add().typed_extension_config
    inner.name = "inner"
    inner.typed_config.Pack(round_robin_pb2.RoundRobin())
    return cluster_with_policy(policy)


def cluster_with_limits():
    result = eds_cluster()
    result.outlier_detection.interval.seconds = 10
    thresholds = result.circuit_breakers.thresholds.add()
    thresholds.max_requests.value = 10
    thresholds.retry_budget.budget_percent.value = 10
    result.common_http_protocol_options.max_connection_duration.seconds = 60
    result.common_http_protocol_options.idle_timeout.seconds = 60
    result.http2_protocol_options.max_concurrent_streams.value = 100
    keepalive = result.http2_protocol_options.connection_keepalive
    keepalive.interval.seconds = 30
    keepalive.timeout.seconds = 10
    keepalive.interval_jitter.value = 15
    return result


def cluster_with_check():
    result = eds_cluster()
    check = result.health_checks.add()
    check.timeout.seconds = 1
    check.interval.seconds = 1
    check.unhealthy_threshold.value = 1
    check.healthy_threshold.value = 1
    return result, check


def cluster_with_grpc_check():
    result, check = cluster_with_check()
    check.grpc_health_check.SetInParent()
    return result


def cluster_with_http_check():
    result, check = cluster_with_check()
    check.http_health_check.path = "/"
    check.http_health_check.expected_statuses.add(start=200, end=300)
    option = check.http_health_check.request_headers_to_add.add()
    option.header.key = "k"
    option.header.value = "v"
    return result


def cluster_with_tcp_check():
    result, check = cluster_with_check()
    check.tcp_health_check.send.text = "00"
    return result


def cluster_of_type(kind):
    result = cluster_pb2.Cluster(name="cluster", type=kind)
    result.load_assignment.CopyFrom(assignment(False))
    if kind == cluster_pb2.Cluster.STATIC:
        return result
    address = result.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address
    address.socket_address.address = "name"
    result.dns_failure_refresh_rate.base_interval.seconds = 1
    return result


def aggregate():
    result = cluster_pb2.Cluster(name="cluster")
    result.cluster_type.name = "envoy.clusters.aggregate"
    result.cluster_type.typed_config.Pack(aggregate_pb2.ClusterConfig(clusters=["other"]))
    return result


def cluster_with_policy(policy):
    result = eds_cluster()
    result.load_balancing_policy.policies.add().typed_extension_config.name = "policy"
    result.load_balancing_policy.policies[0].typed_extension_config.typed_config.Pack(policy)
    return result


def round_robin():
    policy = round_robin_pb2.RoundRobin()
    policy.locality_lb_config.locality_weighted_lb_config.SetInParent()
    slow_start(policy.slow_start_config)
    return cluster_with_policy(policy)


def random_policy():
    policy = random_pb2.Random()
    policy.locality_lb_config.zone_aware_lb_config.fail_traffic_on_panic = True
    policy.locality_lb_config.zone_aware_lb_config.force_local_zone.min_size.value = 2
    return cluster_with_policy(policy)


def least_request():
    policy = least_request_pb2.LeastRequest()
    policy.locality_lb_config.locality_weighted_lb_config.SetInParent()
    policy.active_request_bias.default_value = 1
    slow_start(policy.slow_start_config)
    return cluster_with_policy(policy)


def ring_hash():
    policy = ring_hash_pb2.RingHash()
    policy.minimum_ring_size.value = 1
    policy.consistent_hashing_lb_config.hash_balance_factor.value = 150
    policy.locality_weighted_lb_config.SetInParent()
    return cluster_with_policy(policy)


def maglev():
    policy = maglev_pb2.Maglev()
    policy.consistent_hashing_lb_config.hash_balance_factor.value = 150
    policy.locality_weighted_lb_config.SetInParent()
    return cluster_with_policy(policy)


def pick_first():
    return cluster_with_policy(pick_first_pb2.PickFirst())


def client_side_weighted_round_robin():
    policy = client_side_weighted_round_robin_pb2.ClientSideWeightedRoundRobin()
    policy.enable_oob_load_report.value = True
    policy.oob_reporting_period.seconds = 5
    policy.blackout_period.seconds = 5
    policy.error_utilization_penalty.value = 0.5
    return cluster_with_policy(policy)


def wrr_locality():
    policy = wrr_locality_pb2.WrrLocality()
    inner = policy.endpoint_picking_policy.policies.add().typed_extension_config
    inner.name = "inner"
    inner.typed_config.Pack(round_robin_pb2.RoundRobin())
    return cluster_with_policy(policy)


def assignment(pipe):
    result = endpoint_pb2.ClusterLoadAssignment(cluster_name="cluster")
    drop = result.policy.drop_overloads.add(category="drop")
    drop.drop_percentage.numerator = 1
    locality = result.endpoints.add()
    locality.locality.region = "r"
    locality.load_balancing_weight.value = 1
    endpoint = locality.lb_endpoints.add()
    endpoint.load_balancing_weight.value = 1
    endpoint.metadata.filter_metadata["envoy.lb"]["hash_key"] = "key"
    more = endpoint.endpoint.additional_addresses.add().address.socket_address
    more.address = "10.9.9.9"
    more.port_value = 81
    endpoint.endpoint.health_check_config.port_value = 81
    address = endpoint.endpoint.address
    if pipe:
        address.pipe.path = "/p"
    else:
        address.socket_address.address = "10.0.0.1"
        address.socket_address.port_value = 80
    return result


BASES = [
    ("Listener", lambda: listener(False), PROFILES),
    ("Listener", lambda: listener(True), PROFILES),
    ("Listener", listener_self, PROFILES),
    ("RouteConfiguration", routes, PROFILES),
    ("RouteConfiguration", routes_with_plugin, PROFILES),
    ("Cluster", cluster, PROFILES),
    ("Cluster", lambda: cluster_of_type(cluster_pb2.Cluster.STATIC), NOT_GRPC),
    ("Cluster", lambda: cluster_of_type(cluster_pb2.Cluster.STRICT_DNS), NOT_GRPC),
    ("Cluster", lambda: cluster_of_type(cluster_pb2.Cluster.LOGICAL_DNS), PROFILES),
    ("Cluster", aggregate, ("mesh", "grpc")),  # Envoy wants CLUSTER_PROVIDED beside it
    ("Cluster", cluster_that_fails_in_panic, PROFILES),
    ("Cluster", cluster_with_slow_start, PROFILES),
    ("Cluster", cluster_with_least_request, PROFILES),
    ("Cluster", cluster_with_ring_hash, PROFILES),
    ("Cluster", cluster_with_maglev, NOT_GRPC),
    ("Cluster", cluster_with_limits, PROFILES),
    ("Cluster", cluster_with_grpc_check, PROFILES),
    ("Cluster", cluster_with_http_check, PROFILES),
    ("Cluster", cluster_with_tcp_check, PROFILES),
    ("Cluster", round_robin, PROFILES),
    ("Cluster", random_policy, NOT_GRPC),
    ("Cluster", least_request, PROFILES),
    ("Cluster", ring_hash, PROFILES),
    ("Cluster", maglev, NOT_GRPC),
    ("Cluster", pick_first, PROFILES),
    ("Cluster", cluster_with_subsets, PROFILES),
    ("Cluster", subset, NOT_GRPC),
    ("Cluster", client_side_weighted_round_robin, PROFILES),
    ("Cluster", wrr_locality, PROFILES),
    ("ClusterLoadAssignment", lambda: assignment(False), PROFILES),
    ("ClusterLoadAssignment", lambda: assignment(True), PROFILES),
]
