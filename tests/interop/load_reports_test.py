"""What grpc-go's servers report of their load out of band (orca.Register) shares out the calls of a
mesh as it does those of grpc-go's own xDS client.

Run by tests/interop/run.sh.
"""

import collections
import unittest

import resources
from processes import Backends, Caller, ControlPlane, grpc_go, wait_for
from resources import Service

CALLS = 2200
DEPTH = 4
POINTS = 0.02  # by how much a share may differ
UTILIZATIONS = {"busy": 1.0, "half": 0.5, "idle": 0.1}
POLICY = "envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3"


def policy(out_of_band):
    return {"policies": [{"typedExtensionConfig": {"name": "policy", "typedConfig": {
        "@type": "type.googleapis.com/" + POLICY + ".ClientSideWeightedRoundRobin",
        "enableOobLoadReport": out_of_band,
        "oobReportingPeriod": "1s",
        "blackoutPeriod": "0s",
        "weightUpdatePeriod": "0.1s",
    }}}]}


def expected_shares(backends):
    """A weight is the queries of a second (10) by the utilization."""
    weights = [1 / utilization for utilization in UTILIZATIONS.values()]
    return {address: weight / sum(weights) for address, weight in zip(backends.addresses, weights)}


class LoadReportsTest(unittest.TestCase):
    def start(self, out_of_band):
        """Returns the backends and the control plane's port."""
        backends = self.enterContext(
            Backends(len(UTILIZATIONS), utilizations=UTILIZATIONS.values()))
        folder = self.enterContext(resources.Folder())
        folder.serve_all({"service": Service([("z", 1, 0, backends.addresses)],
                                             loadBalancingPolicy=policy(out_of_band))})
        control_plane = self.enterContext(ControlPlane(folder.path))
        wait_for("snapshot", lambda: control_plane.stats()["version"] > 0)
        return backends, control_plane.port

    def expect_shares(self, who, call, expected):
        """`call(count)` makes calls and returns how many each backend answered."""
        def shares(count):
            counts = call(count)
            return {address: counts.get(address, 0) / count for address in expected}

        def differ(actual):
            return max(abs(actual[address] - expected[address]) for address in expected)

        wait_for("%s: shares %s" % (who, expected), lambda: differ(shares(220)) <= 2 * POINTS)
        actual = shares(CALLS)
        self.assertLessEqual(differ(actual), POINTS, (who, actual, expected))
        return actual

    def expect_both(self, out_of_band, expected_of):
        backends, port = self.start(out_of_band)
        expected = expected_of(backends)
        ours = self.enterContext(Caller("mesh", "grpc", port))
        ours.settle("service")
        mine = self.expect_shares("ours", lambda count: collections.Counter(
            ours.call("service", count, DEPTH)), expected)
        asked = backends.asked()
        theirs_client = self.enterContext(grpc_go("xds:///service", port))
        theirs = self.expect_shares(
            "grpc-go", lambda count: theirs_client.call(count)["peers"], expected)
        print("out of band: %s; ours %s, grpc-go %s" % tuple(
            [out_of_band] + [["%.3f" % shares[a] for a in backends.addresses]
                             for shares in (mine, theirs)]))
        return asked

    def test_out_of_band(self):
        asked = self.expect_both(True, expected_shares)
        self.assertEqual(set(asked.values()), {1}, asked)

    def test_nobody_is_asked_without_the_option(self):
        asked = self.expect_both(False, lambda backends: {
            address: 1 / len(UTILIZATIONS) for address in backends.addresses})
        self.assertEqual(set(asked.values()), {0}, asked)


if __name__ == "__main__":
    unittest.main(verbosity=2)
