"""Envoy beside a mesh of profile envoy: both are clients of one control plane, which gives them the
same clusters and endpoints, and both are called by tests/interop/caller."""

import os
import sys
import unittest

import resources
from processes import ENVOY, Backends, Caller, ControlPlane, wait_for

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import envoy  # noqa: E402 (tests/bench/envoy.py)

_FILTERS = "type.googleapis.com/envoy.extensions.filters."
_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_HTTP2 = {_OPTIONS: {"@type": "type.googleapis.com/" + _OPTIONS,
                     "explicitHttpConfig": {"http2ProtocolOptions": {}}}}


def service(localities, overprovisioning=None, **cluster_fields):
    """A service whose endpoints Envoy too calls by HTTP/2."""
    return resources.Service(localities, overprovisioning,
                             typedExtensionProtocolOptions=_HTTP2, **cluster_fields)


def _socket(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


LOCALITY = {"region": "r", "zone": "z1"}  # of both


def _configuration(services, control_plane_port, local):
    """A listener whose authorities are the services, hashed by `key`; clusters come by ADS.
    `local`: localities of the local cluster, if there is one, which Envoy must have from the
    beginning."""
    connections = {
        "@type": _FILTERS + "network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "interop",
        "route_config": {"validate_clusters": False, "virtual_hosts": [
            {"name": name, "domains": [name], "routes": [{"match": {"prefix": "/"}, "route": {
                "cluster": name + "-cluster", "timeout": "0s",
                "hash_policy": [{"header": {"header_name": "key"}}]}}]} for name in services]},
        "http_filters": [{"name": "router", "typed_config": {
            "@type": _FILTERS + "http.router.v3.Router"}}],
    }
    ads = {"name": "ads", "type": "STATIC", "typed_extension_protocol_options": _HTTP2,
           "load_assignment": {"cluster_name": "ads", "endpoints": [{"lb_endpoints": [
               {"endpoint": {"address": _socket(control_plane_port)}}]}]}}
    clusters = [ads]
    manager = {}
    if local:
        clusters.append({"name": "local-cluster", "type": "STATIC",
                         "load_assignment": resources.assignment("local-cluster", local)})
        manager["local_cluster_name"] = "local-cluster"
    return {
        "node": {"id": "interop", "cluster": "interop", "locality": LOCALITY},
        "admin": {"address": _socket(0)},
        "cluster_manager": manager,
        "dynamic_resources": {
            "ads_config": {"api_type": "GRPC", "transport_api_version": "V3",
                           "grpc_services": [{"envoy_grpc": {"cluster_name": "ads"}}]},
            "cds_config": {"ads": {}, "resource_api_version": "V3"}},
        "static_resources": {
            "listeners": [{"name": "interop", "address": _socket(0), "filter_chains": [
                {"filters": [{"name": "connections", "typed_config": connections}]}]}],
            "clusters": clusters},
    }


@unittest.skipUnless(ENVOY, "Envoy cannot be had here")
class EnvoyTest(unittest.TestCase):
    """One world for all tests of a class: `backends`, and the callers `ours` and `envoys`."""

    BACKENDS = 8
    LOCAL = None  # localities of the cluster that both are of, if any, as resources.assignment() has

    @classmethod
    def services(cls, backends):
        """By name. `backends`: their addresses."""
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        if cls is EnvoyTest:
            return
        cls.backends = cls.enterClassContext(Backends(cls.BACKENDS))
        cls.by_name = cls.services(cls.backends.addresses)
        folder = cls.enterClassContext(resources.Folder())
        known = dict(cls.by_name)
        if cls.LOCAL:
            known["local"] = resources.Service(cls.LOCAL)
        folder.serve_all(known)
        control_plane = cls.enterClassContext(ControlPlane(folder.path))
        wait_for("snapshot", lambda: control_plane.stats()["version"] > 0)
        proxy = cls.enterClassContext(
            envoy.Envoy(ENVOY, _configuration(cls.by_name, control_plane.port, cls.LOCAL)))
        cls.envoys = cls.enterClassContext(Caller("proxy", proxy.address))
        cls.ours = cls.enterClassContext(Caller(
            "mesh", "envoy", control_plane.port, LOCALITY, "local-cluster" if cls.LOCAL else None))
        cls.rivals = {"ours": cls.ours, "Envoy": cls.envoys}

    @classmethod
    def settle(cls, name):
        """Both know the service, and ours has connected what it wants to."""
        cls.ours.settle(name)
        wait_for("Envoy serves " + name, lambda: cls.envoys.one(name)[0])
