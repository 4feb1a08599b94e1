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


def route(name, domain, clusters, retry=None):
    action = {"weightedClusters": {"clusters": [
        {"name": cluster, "weight": weight} for cluster, weight in clusters.items()]}}
    if len(clusters) == 1:
        action = {"cluster": next(iter(clusters))}
    if retry:
        action["retryPolicy"] = retry
    return {"name": name, "virtualHosts": [{
        "name": "all", "domains": [domain],
        "routes": [{"match": {"prefix": ""}, "route": action}]}]}


def cluster(name, **fields):
    return dict({"name": name, "type": "EDS", "edsClusterConfig": {"edsConfig": ADS},
                 "lbPolicy": "ROUND_ROBIN"}, **fields)


def assignment(name, localities):
    """`localities`: a list of (zone, weight, priority, addresses)."""
    def endpoint(address):
        host, port = address.rsplit(":", 1)
        return {"endpoint": {"address": {"socketAddress": {
            "address": host, "portValue": int(port)}}}}
    return {"clusterName": name, "endpoints": [{
        "locality": {"region": "r", "zone": zone}, "loadBalancingWeight": weight,
        "priority": priority, "lbEndpoints": [endpoint(a) for a in addresses],
    } for zone, weight, priority, addresses in localities]}


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
        """One service: listener `name`, one route, one cluster."""
        self.set(listeners=[listener(name, name + "-routes")],
                 routes=[route(name + "-routes", name, {name + "-cluster": 1})],
                 clusters=[cluster(name + "-cluster")],
                 endpoints=[assignment(name + "-cluster", localities)])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._directory.cleanup()
