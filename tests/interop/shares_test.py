"""A mesh of profile envoy and Envoy give priorities and localities the same shares of the calls.

Run by tests/interop/run.sh.
"""

import collections
import unittest

from envoy_peer import EnvoyTest, service
from resources import endpoint

CALLS = 5000
DEPTH = 20
POINTS = 0.02  # by how much a share may differ
# Both draw the priority of each call, so that 5,000 calls of each may differ by more though their
# shares are the same: the standard deviation is up to one point. Then so many calls decide.
MORE_CALLS = 30000

BY_LOCALITY = {"localityWeightedLbConfig": {}}


def of(addresses, healthy, degraded=0):
    """The first are healthy, the next are degraded, the others are unhealthy."""
    states = ["HEALTHY"] * healthy + ["DEGRADED"] * degraded
    states += ["UNHEALTHY"] * (len(addresses) - len(states))
    return [endpoint(address, state) for address, state in zip(addresses, states)]


def cases(b):
    """By name: a service. `b`: the backends."""
    return {
        "93-7": service([("z", 1, 0, of(b[:3], 2)), ("z", 1, 1, b[3:5])]),
        "46-54": service([("z", 1, 0, of(b[:3], 1)), ("z", 1, 1, b[3:5])]),
        "0-100": service([("z", 1, 0, of(b[:3], 0)), ("z", 1, 1, b[3:5])]),
        "37-35-28-of-three-priorities": service(
            [("z", 1, 0, of(b[:4], 1)), ("z", 1, 1, of(b[4:8], 1)), ("z", 1, 2, of(b[8:13], 1))],
            commonLbConfig={"healthyPanicThreshold": {"value": 0}}),
        "degraded-before-the-next-priority": service(
            [("z", 1, 0, of(b[:4], 1, 1)), ("z", 1, 1, of(b[4:8], 1, 1))]),
        "degraded-only": service([("z", 1, 0, of(b[:4], 0, 2)), ("z", 1, 1, of(b[4:6], 0, 1))]),
        "overprovisioning-100": service(
            [("z", 1, 0, of(b[:4], 3)), ("z", 1, 1, b[4:6])], overprovisioning=100),
        "overprovisioning-200": service(
            [("z", 1, 0, of(b[:4], 1)), ("z", 1, 1, b[4:6])], overprovisioning=200),
        "panic-of-one-priority": service([("z1", 1, 0, of(b[:3], 1)), ("z2", 1, 0, of(b[3:5], 0))]),
        "panic-of-all-priorities": service([("z", 1, 0, of(b[:3], 0)), ("z", 1, 1, of(b[3:5], 0))]),
        "panic-of-the-first-priority": service(
            [("z", 1, 0, of(b[:5], 1)), ("z", 1, 1, of(b[5:9], 2))]),
        "half-is-no-panic": service([("z", 1, 0, of(b[:4], 2))]),
        "no-panic-at-threshold-0": service(
            [("z", 1, 0, of(b[:4], 1))], commonLbConfig={"healthyPanicThreshold": {"value": 0}}),
        "localities-1-2": service([("z1", 1, 0, b[:2]), ("z2", 2, 0, b[2:4])],
                                  commonLbConfig=BY_LOCALITY),
        "localities-1-2-half-of-one": service(
            [("z1", 1, 0, of(b[:4], 2)), ("z2", 2, 0, b[4:8])], commonLbConfig=BY_LOCALITY),
        "localities-1-2-none-of-one": service(
            [("z1", 1, 0, b[:3]), ("z2", 2, 0, of(b[3:5], 0))], commonLbConfig=BY_LOCALITY),
        "localities-of-two-priorities": service(
            [("z1", 1, 0, of(b[:4], 1)), ("z2", 3, 0, of(b[4:6], 1)),
             ("z1", 4, 1, b[6:7]), ("z2", 1, 1, b[7:9])], commonLbConfig=BY_LOCALITY),
        "localities-without-weighting": service([("z1", 9, 0, b[:1]), ("z2", 1, 0, b[1:4])]),
        "endpoint-weights": service([("z", 1, 0, [
            endpoint(b[0], weight=1), endpoint(b[1], weight=2), endpoint(b[2], weight=5)])]),
    }


class SharesTest(EnvoyTest):
    BACKENDS = 13

    @classmethod
    def services(cls, backends):
        return cases(backends)

    def parts(self, name):
        """What shares are of, by endpoint: its priority and locality; where there is but one of
        these, itself."""
        localities = self.by_name[name].localities
        parts = {}
        for zone, _, priority, endpoints in localities:
            for one in endpoints:
                if not isinstance(one, str):
                    socket = one["endpoint"]["address"]["socketAddress"]
                    one = "%s:%d" % (socket["address"], socket["portValue"])
                parts[one] = (priority, zone) if len(localities) > 1 else one
        return parts

    def differences(self, name, counts):
        """By how much the shares of each part differ: (difference, part, ours, Envoy's), the
        largest first."""
        parts = self.parts(name)
        shares = {}
        for who, of_endpoint in counts.items():
            total = sum(of_endpoint.values())
            shares[who] = collections.Counter()
            for server, count in of_endpoint.items():
                self.assertIn(server, parts, who)
                shares[who][parts[server]] += count / total
        ours, envoys = shares["ours"], shares["Envoy"]
        return sorted(((abs(ours[part] - envoys[part]), part, ours[part], envoys[part])
                       for part in set(parts.values())), reverse=True)

    def compare(self, name, calls, counts):
        """Makes so many more calls on each side; returns the differences."""
        for who, caller in self.rivals.items():
            counts[who].update(caller.call(name, calls, DEPTH))
        return self.differences(name, counts)

    def test_shares(self):
        largest, again = 0, []
        for name in self.by_name:
            with self.subTest(name):
                self.settle(name)
                counts = {who: collections.Counter() for who in self.rivals}
                differences = self.compare(name, CALLS, counts)
                if differences[0][0] > POINTS:
                    again.append(name)
                    differences = self.compare(name, MORE_CALLS - CALLS, counts)
                self.assertLessEqual(differences[0][0], POINTS,
                                     "(difference, part, ours, Envoy's): %s" % differences)
                # The same endpoints, too: those that are not to be used are not.
                self.assertEqual(set(counts["ours"]), set(counts["Envoy"]))
                largest = max(largest, differences[0][0])
        print("%d mixes, shares within %.1f points; decided by %d calls: %s" % (
            len(self.by_name), 100 * largest, MORE_CALLS, again or "none"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
