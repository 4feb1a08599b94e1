"""Every field of the official messages, set one at a time, is treated as its declaration says.

Usage: fields_test.py DECODE_TOOL, with the package xds-protos installed; see run.sh.

A valid resource that holds every message we declare is the base. For each field of each of those
messages (as the official descriptors have them, not as ours do) the field is set to something, and
the decoder's answer is held against the declaration:

  advisory         accepted, and listed by name
  must-understand  refused, and the error names the field
  honoured         accepted and not listed, or refused by a check that names the field
"""

import json
import subprocess
import sys
import unittest

from google.protobuf import descriptor as d
from google.protobuf import any_pb2, struct_pb2, wrappers_pb2  # noqa: F401
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2, config_source_pb2  # noqa: F401
from envoy.config.endpoint.v3 import endpoint_pb2
from envoy.config.listener.v3 import api_listener_pb2, listener_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.clusters.aggregate.v3 import cluster_pb2 as aggregate_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
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
ANY = "google.protobuf.Any"

# What an Any in a base may hold, so that it is looked into.
PACKED = {m.DESCRIPTOR.full_name: m for m in (
    http_connection_manager_pb2.HttpConnectionManager, router_pb2.Router,
    round_robin_pb2.RoundRobin, random_pb2.Random, wrr_locality_pb2.WrrLocality,
    least_request_pb2.LeastRequest, ring_hash_pb2.RingHash, maglev_pb2.Maglev,
    pick_first_pb2.PickFirst, subset_pb2.Subset, aggregate_pb2.ClusterConfig)}

# Declared messages that no base can hold, and why.
NOT_IN_A_BASE = {
    "envoy.config.route.v3.FilterConfig": "it stands in an Any of a map",
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": "it stands in an Any of a map",
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.AutoHttpConfig": "it stands there",
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.ExplicitHttpConfig": "it stands there",
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions.UseDownstreamHttpConfig":
        "it stands there",
    "google.protobuf.ListValue": "it stands in a map",
    "google.protobuf.Struct": "it stands in a map",
    "google.protobuf.Value": "it stands in a map",
}


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
    policy.locality_lb_config.locality_weighted_lb_config.SetInParent()
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
    ("Cluster", wrr_locality, PROFILES),
    ("ClusterLoadAssignment", lambda: assignment(False), PROFILES),
    ("ClusterLoadAssignment", lambda: assignment(True), PROFILES),
]


def disposition_in_cluster(rule, profile, cluster):
    """As the declarations' notes say, it depends on the type."""
    name, result = rule["name"], rule[profile]
    if result != "honoured":
        return result
    if cluster.HasField("cluster_type"):  # an aggregate
        kept = ("name", "type", "cluster_type")
        kept += ("eds_cluster_config",) if profile != "grpc" else ()
        return result if name in kept else "advisory"
    of_others = {
        cluster_pb2.Cluster.EDS:
            name == "load_assignment" or ("dns" in name and profile == "grpc"),
        cluster_pb2.Cluster.STATIC: "dns" in name,
        cluster_pb2.Cluster.LOGICAL_DNS: name == "eds_cluster_config" and profile == "grpc",
    }
    return "advisory" if of_others.get(cluster.type) else result


def disposition(rule, profile, message):
    """Of a field of `message`, which may depend on the fields beside it."""
    if rule["name"] == "timeout" and message.DESCRIPTOR.name == "RouteAction" and \
            message.HasField("max_stream_duration"):
        return "advisory"  # that one replaces it, as the declaration's note says
    if rule["name"] == "resolver_name" and message.address == "name":
        return "must-understand"  # of LOGICAL_DNS, in gRPC too
    if message.DESCRIPTOR.full_name == "envoy.config.cluster.v3.Cluster":
        return disposition_in_cluster(rule, profile, message)
    return rule[profile]


def places(message, visit, path=()):
    """Calls visit(message, path, pack) for the message and all below it; `pack` writes a change of
    the message back to where it is held."""
    def walk(inner, inner_path, pack):
        visit(inner, inner_path, pack)
        for field, value in inner.ListFields():
            if field.type != field.TYPE_MESSAGE or field.message_type.GetOptions().map_entry:
                continue
            repeated = field.is_repeated if hasattr(field, "is_repeated") else (
                field.label == field.LABEL_REPEATED)
            for index, item in enumerate(value if repeated else [value]):
                step = inner_path + ((field.name, index if repeated else None),)
                if item.DESCRIPTOR.full_name == ANY:
                    kind = PACKED.get(item.type_url.rsplit("/", 1)[-1])
                    if kind is not None:
                        held = kind()
                        item.Unpack(held)

                        def repack(item=item, held=held, pack=pack):
                            item.Pack(held)
                            pack()
                        walk(held, step + (("Any", None),), repack)
                elif not item.DESCRIPTOR.full_name.startswith("google.protobuf."):
                    walk(item, step, pack)
    walk(message, path, lambda: None)


def set_something(message, field):
    """Sets the field to something that is not its default."""
    repeated = field.is_repeated if hasattr(field, "is_repeated") else (
        field.label == field.LABEL_REPEATED)
    if field.type == field.TYPE_MESSAGE:
        kind = field.message_type
        if kind.GetOptions().map_entry:
            key = "x" if kind.fields_by_name["key"].type == d.FieldDescriptor.TYPE_STRING else 1
            value = kind.fields_by_name["value"]
            if value.type == value.TYPE_MESSAGE:
                getattr(message, field.name)[key].SetInParent()
            else:
                getattr(message, field.name)[key] = "x" if value.type == value.TYPE_STRING else 1
            return
        target = getattr(message, field.name).add() if repeated else getattr(message, field.name)
        target.SetInParent()
        if kind.full_name == "google.protobuf.Duration":
            target.seconds = 1
        elif kind.full_name == "google.protobuf.Any":
            target.type_url = "type.googleapis.com/mesh.test.Nothing"
        elif kind.full_name.startswith("google.protobuf.") and "value" in kind.fields_by_name:
            inner = kind.fields_by_name["value"]
            target.value = "x" if inner.type == inner.TYPE_STRING else (
                b"x" if inner.type == inner.TYPE_BYTES else 1)
        return
    if field.type == field.TYPE_ENUM:
        numbers = [value.number for value in field.enum_type.values if value.number != 0]
        value = numbers[0] if numbers else 0
    elif field.type == field.TYPE_STRING:
        value = "x"
    elif field.type == field.TYPE_BYTES:
        value = b"x"
    elif field.type == field.TYPE_BOOL:
        value = True
    else:
        value = 1
    if repeated:
        getattr(message, field.name).append(value)
    else:
        setattr(message, field.name, value)


class Tool:
    def __init__(self, path):
        self.path = path
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        declared = json.loads(subprocess.run([path, "--declare"], check=True, text=True,
                                             stdout=subprocess.PIPE).stdout)
        self.declared = {}
        for entry in declared:
            if entry["message"]:
                self.declared.setdefault(entry["message"], {})[entry["number"]] = entry

    def decode(self, kind, profile, message):
        self.process.stdin.write("%s %s %s\n" % (kind, profile, message.SerializeToString().hex()))
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def complaint(rule, expected, path, field, after):
    """What is wrong with the answer `after` to a field that is set below `path`; None if nothing."""
    names = [name for name, _ in path if name != "Any"]
    listed = [name.split(" (")[0] for name in after["ignored"]]
    full = ".".join(names + [field.name])
    error = after["error"]
    if expected == "must-understand":
        if not error:
            return "must be understood, but accepted"
        return None if field.name in error else "refused without its name: " + error
    if expected == "advisory":
        if error:
            checked = rule["reason"].startswith("checked") and field.name in error
            return None if checked else "advisory, but refused: " + error
        # What stands in a message that does nothing is listed with that.
        above = [".".join(names[:i]) for i in range(1, len(names) + 1)]
        if full in listed or any(name in listed for name in above):
            return None
        return "advisory, but %s is not listed (only %s)" % (full, listed)
    if error:
        near = any(name in error for name in names + [field.name])
        return None if near else "honoured, but refused elsewhere: " + error
    return "honoured, but listed" if full in listed else None


class FieldsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tool = Tool(TOOL)

    @classmethod
    def tearDownClass(cls):
        cls.tool.process.stdin.close()
        cls.tool.process.wait()
        cls.tool.process.stdout.close()

    def mutations(self):
        """(kind, profiles, message, its path, field, mutated root) for each field of each message;
        no field, and no root, for a message that has none."""
        for kind, make, profiles in BASES:
            seen = []
            places(make(), lambda message, path, pack: seen.append((message, path)))
            for message, path in seen:
                if not message.DESCRIPTOR.fields:
                    yield kind, profiles, message, path, None, None
                for field in message.DESCRIPTOR.fields:
                    root = make()

                    def change(found, here, pack, path=path, field=field):
                        if here == path:
                            set_something(found, field)
                            pack()
                    places(root, change)
                    yield kind, profiles, message, path, field, root

    def check(self, declared):
        complaints, count, messages = [], 0, set()
        for kind, profiles, message, path, field, mutated in self.mutations():
            name = message.DESCRIPTOR.full_name
            messages.add(name)
            if name not in declared and field is not None:
                complaints.append("%s: the message is not declared" % name)
                continue
            if field is None:
                continue
            rule = declared[name].get(field.number)
            if rule is None:
                complaints.append("%s.%s: not declared" % (name, field.name))
                continue
            if rule["name"] != field.name:
                complaints.append("%s.%s: declared as %s" % (name, field.name, rule["name"]))
                continue
            for profile in profiles:
                count += 1
                after = self.tool.decode(kind, profile, mutated)
                text = complaint(rule, disposition(rule, profile, message), path, field, after)
                if text:
                    complaints.append("%s.%s in %s: %s" % (name, field.name, profile, text))
        return sorted(set(complaints)), count, messages

    def test_bases_are_accepted(self):
        for kind, make, profiles in BASES:
            for profile in profiles:
                self.assertEqual(self.tool.decode(kind, profile, make())["error"], "", kind)

    def test_every_field_is_treated_as_declared(self):
        complaints, count, messages = self.check(self.tool.declared)
        self.assertEqual(complaints, [], "\n" + "\n".join(complaints))
        self.assertGreater(count, 900)
        missing = set(self.tool.declared) - messages - set(NOT_IN_A_BASE)
        self.assertEqual(missing, set(), "declared, but in no base")
        print("%d outcomes of %d messages" % (count, len(messages)))

    def test_a_wrong_declaration_is_found(self):
        message = "envoy.config.cluster.v3.Cluster"
        wrong = {name: dict(fields) for name, fields in self.tool.declared.items()}
        for field, claim in ((24, "advisory"), (13, "honoured"), (1, "must-understand")):
            wrong[message][field] = dict(wrong[message][field], mesh=claim)
        del wrong[message][5]
        complaints, _, _ = self.check(wrong)
        self.assertEqual([c.split(" ")[0].rstrip(":") for c in complaints], [
            message + ".http_protocol_options", message + ".name",
            message + ".per_connection_buffer_limit_bytes", message + ".transport_socket"])


if __name__ == "__main__":
    TOOL = sys.argv.pop(1)
    unittest.main(verbosity=2)
