"""A mesh of profile envoy and Envoy send the calls of a key to the same endpoint, by ring hash and
by Maglev.

Run by tests/interop/run.sh.
"""

import unittest

from envoy_peer import EnvoyTest, service
from resources import endpoint

KEYS = 1000
BY_LOCALITY = {"commonLbConfig": {"localityWeightedLbConfig": {}}}


def cases(backends):
    """By name: (localities, how many endpoints answer, further fields of the cluster)."""
    a, b, c, d, e, f, g, h = backends
    weighted = [endpoint(a, weight=1), endpoint(b, weight=2), endpoint(c, weight=5)]
    half = [a, b, endpoint(c, "UNHEALTHY"), endpoint(d, "UNHEALTHY")]
    return {
        "equal-weights": ([("z", 1, 0, [a, b, c, d, e])], 5, {}),
        "weights": ([("z", 1, 0, weighted)], 3, {}),
        "weighted-localities": (
            [("z1", 3, 0, [a, b]), ("z2", 1, 0, [c, endpoint(d, weight=2), e])], 5, BY_LOCALITY),
        "weighted-localities-half-of-one-healthy": (
            [("z1", 1, 0, half), ("z2", 2, 0, [e, f, g])], 5, BY_LOCALITY),
        "localities-without-weighting": ([("z1", 9, 0, [a]), ("z2", 1, 0, [b, c])], 3, {}),
        "unhealthy-timeout-draining-degraded": ([("z", 1, 0, [
            a, b, endpoint(c, "HEALTHY"), d, endpoint(e, "UNHEALTHY"), endpoint(f, "TIMEOUT"),
            endpoint(g, "DEGRADED")])], 4, {}),
        "two-priorities": ([("z1", 1, 0, half), ("z2", 1, 1, [e, f, g])], 5, {}),
        "three-priorities": (
            [("z1", 1, 0, [a, endpoint(b, "UNHEALTHY"), endpoint(c, "UNHEALTHY"),
                           endpoint(d, "UNHEALTHY")]),
             ("z2", 1, 1, [e, endpoint(f, "UNHEALTHY"), endpoint(g, "UNHEALTHY")]),
             ("z3", 1, 2, [h])], 3, {}),
        "panic": ([("z", 1, 0, [a, endpoint(b, "UNHEALTHY"), endpoint(c, "UNHEALTHY"),
                                endpoint(d, "UNHEALTHY")])], 4, {}),
        "hash-keys": ([("z", 1, 0, [endpoint(a, hash_key="one"), endpoint(b, hash_key="two"),
                                    endpoint(c, hash_key="three"), d])], 4, {}),
    }


POLICIES = {
    "ring-hash": {"lbPolicy": "RING_HASH"},
    "ring-hash-of-few": {"lbPolicy": "RING_HASH", "ringHashLbConfig": {
        "minimumRingSize": "100", "maximumRingSize": "128"}},
    "maglev": {"lbPolicy": "MAGLEV"},
    "maglev-of-few": {"lbPolicy": "MAGLEV", "maglevLbConfig": {"tableSize": "1009"}},
}


# Envoy hashes the hostnames of endpoints that EDS names only if the policy is asked for this way.
BY_HOSTNAME = {
    "by-hostname.ring-hash": ("ring_hash.v3.RingHash", {"useHostnameForHashing": True}),
    "by-hostname.maglev": ("maglev.v3.Maglev", {
        "consistentHashingLbConfig": {"useHostnameForHashing": True}}),
}


def by_hostname(message, fields, backends):
    a, b, c, d = backends[:4]
    config = {"@type": "type.googleapis.com/envoy.extensions.load_balancing_policies." + message}
    return service(
        [("z", 1, 0, [endpoint(a, hostname="one"), endpoint(b, hostname="two"),
                      endpoint(c, hostname="two", hash_key="three"), endpoint(d, hostname=a)])],
        loadBalancingPolicy={"policies": [{"typedExtensionConfig": {
            "name": "policy", "typedConfig": dict(config, **fields)}}]})


class HashTest(EnvoyTest):
    @classmethod
    def services(cls, backends):
        services = {policy + "." + case: service(localities, **fields, **more)
                    for policy, fields in POLICIES.items()
                    for case, (localities, _, more) in cases(backends).items()}
        services.update({name: by_hostname(*policy, backends)
                         for name, policy in BY_HOSTNAME.items()})
        return services

    def same_endpoint_of_each_key(self, name, count):
        """`count`: how many endpoints answer."""
        self.settle(name)
        ours, envoys = (caller.keys(name, KEYS, "key-") for caller in (self.ours, self.envoys))
        differ = [(key, o, e) for key, (o, e) in enumerate(zip(ours, envoys)) if o != e]
        self.assertEqual(len(ours), KEYS)
        self.assertFalse(differ[:3], "%d of %d keys: (key, ours, Envoy's)" % (len(differ), KEYS))
        self.assertEqual(len(set(ours)), count, set(ours))

    def same_endpoints(self, policy):
        for case, (_, count, _) in cases(self.backends.addresses).items():
            with self.subTest(policy + "." + case):
                self.same_endpoint_of_each_key(policy + "." + case, count)

    def test_by_hostname(self):
        for name in BY_HOSTNAME:
            with self.subTest(name):
                self.same_endpoint_of_each_key(name, 4)

    def test_ring_hash(self):
        self.same_endpoints("ring-hash")

    def test_ring_hash_of_few_entries(self):
        self.same_endpoints("ring-hash-of-few")

    def test_maglev(self):
        self.same_endpoints("maglev")

    def test_maglev_of_few_slots(self):
        self.same_endpoints("maglev-of-few")


if __name__ == "__main__":
    unittest.main(verbosity=2)
