"""xDS resources as protojson, and the folder that the control plane serves them from."""

import json
import os
import tempfile

HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
ADS = {"ads": {}, "resourceApiVersion": "V3"}


def listener(name, route_name):
    return {
        "name": name,
        "apiListener": {"apiListener": {
            "@type": HCM,
            "rds": {"configSource": ADS, "routeConfigName": route_name},
            "httpFilters": [{"name": "router", "typedConfig": {"@type": ROUTER}}],
        }},
    }


def route(name, domain, clusters, retry=None, hash_header=None):
    action = {"weightedClusters": {"clusters": [
        {"name": cluster, "weight": weight} for cluster, weight in clusters.items()]}}
    if len(clusters) == 1:
        action = {"cluster": next(iter(clusters))}
    if retry:
        action["retryPolicy"] = retry
    if hash_header:
        action["hashPolicy"] = [{"header": {"headerName": hash_header}}]
    return {"name": name, "virtualHosts": [{
        "name": "all", "domains": [domain],
        "routes": [{"match": {"prefix": ""}, "route": action}]}]}


def cluster(name, **fields):
    return dict({"name": name, "type": "EDS", "edsClusterConfig": {"edsConfig": ADS},
                 "lbPolicy": "ROUND_ROBIN"}, **fields)


def _address(text):
    host, port = text.rsplit(":", 1)
    return {"socketAddress": {"address": host, "portValue": int(port)}}


def endpoint(address, health=None, weight=None, hash_key=None, hostname=None, metadata=None,
             additional=()):
    """`health`: HEALTHY, DEGRADED, UNHEALTHY, ...; `hash_key`: what is hashed in the address's
    place; `metadata`: of subsets, by key; `additional`: further addresses."""
    result = {"endpoint": {"address": _address(address)}}
    if additional:
        result["endpoint"]["additionalAddresses"] = [
            {"address": _address(text)} for text in additional]
    if health:
        result["healthStatus"] = health
    if weight:
        result["loadBalancingWeight"] = weight
    if hostname:
        result["endpoint"]["hostname"] = hostname
    metadata = dict(metadata or {})
    if hash_key:
        metadata["hash_key"] = hash_key
    if metadata:
        result["metadata"] = {"filterMetadata": {"envoy.lb": metadata}}
    return result


def assignment(name, localities, overprovisioning=None):
    """`localities`: a list of (zone, weight, priority, endpoints); these are addresses, or what
    endpoint() returns."""
    result = {"clusterName": name, "endpoints": [{
        "locality": {"region": "r", "zone": zone}, "loadBalancingWeight": weight,
        "priority": priority,
        "lbEndpoints": [endpoint(e) if isinstance(e, str) else e for e in endpoints],
    } for zone, weight, priority, endpoints in localities]}
    if overprovisioning:
        result["policy"] = {"overprovisioningFactor": overprovisioning}
    return result


class Service:
    """One listener, one route and one cluster, all by the service's name. Calls are hashed by their
    metadata `key`, if the cluster's policy asks for a hash."""

    def __init__(self, localities, overprovisioning=None, **cluster_fields):
        self.localities = localities
        self.overprovisioning = overprovisioning
        self.cluster_fields = cluster_fields

    def cluster(self, name):
        return cluster(name + "-cluster", **self.cluster_fields)

    def assignment(self, name):
        return assignment(name + "-cluster", self.localities, self.overprovisioning)


class Folder:
    """Where a control plane finds its resources; written whole, file by file."""

    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="mesh-interop-")
        self.path = self._directory.name
        self.resources = {"listeners": [], "routes": [], "clusters": [], "endpoints": []}

    def set(self, **kinds):
        self.resources.update(kinds)
        for kind in kinds:
            path = os.path.join(self.path, kind + ".json")
            with open(path + ".new", "w") as file:
                json.dump(self.resources[kind], file)
            os.replace(path + ".new", path)

    def serve(self, name, localities):
        self.serve_all({name: Service(localities)})

    def serve_all(self, services):
        """`services`: by name."""
        self.set(listeners=[listener(name, name + "-routes") for name in services],
                 routes=[route(name + "-routes", name, {name + "-cluster": 1}, hash_header="key")
                         for name in services],
                 clusters=[service.cluster(name) for name, service in services.items()],
                 endpoints=[service.assignment(name) for name, service in services.items()])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._directory.cleanup()
