"""A mesh of profile envoy and Envoy keep the same part of the calls in their own zone.

Run by tests/interop/run.sh.
"""

import unittest

from envoy_peer import EnvoyTest, service
from resources import endpoint
from shares import ComparesShares, of


def zoned(localities, **zone_aware):
    """`localities`: by zone. Without `zone_aware` as both are by default."""
    fields = {"commonLbConfig": {"zoneAwareLbConfig": zone_aware}} if zone_aware else {}
    return service([(zone, 1, 0, endpoints) for zone, endpoints in localities.items()], **fields)


def listed(localities, **zone_aware):
    """The same by load_balancing_policy, which has more."""
    policy = {"@type": "type.googleapis.com/envoy.extensions.load_balancing_policies."
                       "round_robin.v3.RoundRobin",
              "localityLbConfig": {"zoneAwareLbConfig": zone_aware}}
    return service([(zone, 1, 0, endpoints) for zone, endpoints in localities.items()],
                   loadBalancingPolicy={"policies": [{"typedExtensionConfig": {
                       "name": "round_robin", "typedConfig": policy}}]})


def cases(b):
    """By name: a service. `b`: the backends. Four tenths of the callers are in z1, as both are,
    four tenths in z2, two in z3."""
    weighted = {"z1": [endpoint(a, weight=4) for a in b[:3]], "z2": b[3:6], "z3": b[6:9]}
    return {
        "enough": zoned({"z1": b[:4], "z2": b[4:8]}),
        "more-than-enough": zoned({"z1": b[:7], "z2": b[7:8], "z3": b[8:9]}),
        "a-part-stays": zoned({"z1": b[:2], "z2": b[2:6], "z3": b[6:9]}),
        "none-in-the-own-zone": zoned({"z2": b[:4], "z3": b[4:8]}),
        "zones-without-callers": zoned({"z1": b[:2], "z4": b[2:6], "z5": b[6:8]}),
        "the-unhealthy-do-not-count": zoned({"z1": of(b[:4], 2), "z2": b[4:8]}),
        "too-small": zoned({"z1": b[:2], "z2": b[2:5]}),
        "small-is-enough": zoned({"z1": b[:2], "z2": b[2:5]}, minClusterSize=5),
        "half-of-the-calls": zoned({"z1": b[:4], "z2": b[4:8]}, routingEnabled={"value": 50}),
        "forced": listed({"z1": b[:2], "z2": b[2:9]}, forceLocalZone={"minSize": 2}),
        "not-forced": listed({"z1": b[:2], "z2": b[2:9]}, forceLocalZone={"minSize": 3}),
        "by-number": listed(weighted),
        "by-weight": listed(weighted, localityBasis="HEALTHY_HOSTS_WEIGHT"),
        "least-request": zoned({"z1": b[:2], "z2": b[2:6], "z3": b[6:9]}),
        "panic": zoned({"z1": of(b[:4], 1), "z2": of(b[4:8], 1)}, minClusterSize=1),
    }


class ZonesTest(ComparesShares, EnvoyTest):
    BACKENDS = 9
    LOCAL = [(zone, 1, 0, ["127.0.0.%d:%d" % (number, port) for port in range(1, size + 1)])
             for number, (zone, size) in enumerate([("z1", 4), ("z2", 4), ("z3", 2)], 1)]

    @classmethod
    def services(cls, backends):
        services = cases(backends)
        services["least-request"].cluster_fields["lbPolicy"] = "LEAST_REQUEST"
        return services


if __name__ == "__main__":
    unittest.main(verbosity=2)
