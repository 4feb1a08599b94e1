"""A mesh of profile grpc and grpc-go's own xDS client move calls from priority to priority in the
same order, and give localities, endpoints and keys the same shares.

Run by tests/interop/run.sh.
"""

import time
import unittest

import resources
from processes import Backends, Caller, ControlPlane, grpc_go, wait_for
from resources import Service, endpoint

CALLS = 5000
DEPTH = 10
POINTS = 0.03  # by how much a share may differ: grpc-go draws the locality of each call
KEYS = 1000


def of(addresses, *states):
    return [endpoint(address, state) for address, state in zip(addresses, states)]


class FailoverTest(unittest.TestCase):
    """Backends of each priority are a process, so that they can be killed together."""

    def setUp(self):
        self.folder = self.enterContext(resources.Folder())

    def start(self, services):
        """Returns ours, and a function that makes grpc-go's client of a service."""
        self.folder.serve_all(services)
        control_plane = self.enterContext(ControlPlane(self.folder.path))
        wait_for("snapshot", lambda: control_plane.stats()["version"] > 0)
        ours = self.enterContext(Caller("mesh", "grpc", control_plane.port))
        return ours, lambda name: self.enterContext(grpc_go("xds:///" + name, control_plane.port))

    def moves(self, calls, expected):
        """Who answered calls until all of a number of calls in a row were answered by `expected`."""
        seen = set()

        def there():
            servers = calls()
            seen.update(server for server in servers if not server.startswith("status"))
            return set(servers) == expected
        wait_for("calls on %s" % expected, there)
        return seen

    def test_order_of_priorities(self):
        first, second, third = (Backends(2), Backends(2), Backends(1))
        for backends in (first, second, third):
            self.enterContext(backends)
        p0, p1, p2 = (set(backends.addresses) for backends in (first, second, third))
        ours, theirs = self.start({"service": Service([
            ("z", 1, 0, first.addresses), ("z", 1, 1, second.addresses),
            ("z", 1, 2, third.addresses)])})
        grpc_gos = theirs("service")

        def calls_of_theirs():
            answer = grpc_gos.call(20)
            failed = ["status " + name for name in answer["statuses"] if name != "OK"]
            return list(answer["peers"]) + failed

        rivals = {"ours": lambda: ours.call("service", 20, 1), "grpc-go": calls_of_theirs}
        again = {}

        def restart(name, backends):
            again[name] = self.enterContext(Backends(0, backends.addresses))

        # What happens, where the calls go then, and where they may have been until then.
        steps = [
            ("start", lambda: None, p0, p0),
            ("the first is killed", first.kill, p1, p0 | p1),
            ("the second is killed", second.kill, p2, p1 | p2),
            ("the second is back", lambda: restart("second", second), p1, p2 | p1),
            ("the second is killed again", lambda: again["second"].kill(), p2, p1 | p2),
            ("the first is back", lambda: restart("first", first), p0, p2 | p0),
        ]
        for what, happens, then, until in steps:
            happens()
            for who, calls in rivals.items():
                with self.subTest(what, who=who):
                    self.assertLessEqual(self.moves(calls, then), until)

    def test_which_address_is_used(self):
        """Of the endpoints of pick_first, and of the addresses of one endpoint: the first that is
        there, until it is lost."""
        pick_first = {"@type": "type.googleapis.com/envoy.extensions.load_balancing_policies."
                               "pick_first.v3.PickFirst"}
        ways = {
            "pick-first": lambda a, b, c: Service(
                [("z", 1, 0, [a, b, c])], loadBalancingPolicy={"policies": [
                    {"typedExtensionConfig": {"name": "pick_first", "typedConfig": pick_first}}]}),
            "additional-addresses": lambda a, b, c: Service(
                [("z", 1, 0, [endpoint(a, additional=[b, c])])]),
        }
        for name, make in ways.items():
            a, b, c = (self.enterContext(Backends(1)) for _ in range(3))
            only = {backends: set(backends.addresses) for backends in (a, b, c)}
            ours, theirs = self.start({name: make(*(x.addresses[0] for x in (a, b, c)))})
            grpc_gos = theirs(name)

            def calls_of_theirs(grpc_gos=grpc_gos):
                answer = grpc_gos.call(20)
                failed = ["status " + status for status in answer["statuses"] if status != "OK"]
                return list(answer["peers"]) + failed

            def back(backends):
                self.enterContext(Backends(0, backends.addresses))
                time.sleep(1)  # as long as somebody who would go back takes to notice

            steps = [
                ("start", lambda: None, a, only[a]),
                ("the first is killed", a.kill, b, only[a] | only[b]),
                ("the first is back", lambda a=a: back(a), b, only[b]),
                ("the second is killed", b.kill, a, only[a] | only[b]),
            ]
            for what, happens, then, until in steps:
                happens()
                for who, calls in (("ours", lambda: ours.call(name, 20, 1)),
                                   ("grpc-go", calls_of_theirs)):
                    with self.subTest(name, what=what, who=who):
                        self.assertLessEqual(self.moves(calls, only[then]), until)

    def test_shares(self):
        backends = self.enterContext(Backends(7))
        a, b, c, d, e, f, g = backends.addresses
        services = {
            "localities-3-1": Service([("z1", 3, 0, [a, b]), ("z2", 1, 0, [c])]),
            "localities-of-the-second-priority": Service([
                ("z1", 1, 0, of([a, b], "UNHEALTHY", "UNHEALTHY")),
                ("z1", 1, 1, [c]), ("z2", 2, 1, [d, e]), ("z3", 1, 2, [f])]),
            "no-spill-over": Service([
                ("z1", 1, 0, of([a, b, c], "UNHEALTHY", "HEALTHY", "UNHEALTHY")),
                ("z1", 1, 1, [d, e])]),
            "no-panic": Service([
                ("z1", 1, 0, of([a, b, c, d], "HEALTHY", "UNHEALTHY", "TIMEOUT", "DRAINING"))]),
            "degraded-is-unusable": Service([
                ("z1", 1, 0, of([a, b], "DEGRADED", "DEGRADED")), ("z1", 1, 1, [c])]),
            "unknown-is-usable": Service([("z1", 1, 0, of([a, b], "UNKNOWN", "HEALTHY"))]),
            "share-of-a-locality-half-of-which-is-ill": Service([
                ("z1", 1, 0, of([a, b], "HEALTHY", "UNHEALTHY")), ("z2", 1, 0, [c, d])]),
            "weights-of-endpoints": Service([
                ("z1", 1, 0, [endpoint(a, weight=1), endpoint(b, weight=5)]),
                ("z2", 2, 0, [endpoint(c, weight=3), g])]),
        }
        ours, theirs = self.start(services)
        for name in services:
            with self.subTest(name):
                ours.settle(name)
                mine = ours.call(name, CALLS, DEPTH)
                grpc_gos = theirs(name)
                self.assertEqual(grpc_gos.call(1)["statuses"], {"OK": 1})
                time.sleep(0.3)  # until all of its endpoints are connected
                their = grpc_gos.call(CALLS)
                self.assertEqual(their["statuses"], {"OK": CALLS}, their["errors"])
                self.assertEqual(set(mine), set(their["peers"]))
                differ = [(server, mine.count(server) / CALLS, count / CALLS)
                          for server, count in their["peers"].items()
                          if abs(mine.count(server) - count) > POINTS * CALLS]
                self.assertEqual(differ, [], "(server, ours, grpc-go's)")

    def test_ring_hash(self):
        backends = self.enterContext(Backends(6))
        a, b, c, d, e, f = backends.addresses
        ring = {"lbPolicy": "RING_HASH"}
        services = {
            "equal-weights": Service([("z", 1, 0, [a, b, c, d, e])], **ring),
            "weights": Service([("z", 1, 0, [
                a, endpoint(b, weight=2), endpoint(c, weight=5), d])], **ring),
            # On a ring that gives none of them a whole number of entries.
            "uneven-weights": Service([("z", 1, 0, [
                endpoint(f, weight=9), endpoint(a, weight=4), endpoint(e, weight=7),
                endpoint(b, weight=6), endpoint(d, weight=13)])], **ring),
            "localities": Service([
                ("z1", 3, 0, [a, endpoint(b, weight=2)]),
                ("z2", 1, 0, [c, d, endpoint(e, weight=4)]), ("z3", 7, 0, [f])], **ring),
            "localities-of-which-some-are-ill": Service([
                ("z1", 3, 0, of([a, b], "HEALTHY", "UNHEALTHY")),
                ("z2", 1, 0, [c, d]), ("z3", 7, 0, of([f], "UNHEALTHY"))], **ring),
            "second-priority": Service([("z", 1, 0, of([a, b], "UNHEALTHY", "UNHEALTHY")),
                                        ("z", 1, 1, [c, d, e, f])], **ring),
            "ring-of-few": Service([("z", 1, 0, [a, b, c])], ringHashLbConfig={
                "minimumRingSize": "100", "maximumRingSize": "128"}, **ring),
        }
        ours, theirs = self.start(services)
        for name in services:
            with self.subTest(name):
                ours.settle(name)
                mine = ours.keys(name, KEYS, "key-")
                grpc_gos = theirs(name)
                # Its ring connects an endpoint when the first call falls on it, and keeps that call.
                their = grpc_gos.ask("keys %d key-" % KEYS)
                self.assertEqual(their["statuses"], {"OK": KEYS}, their["errors"])
                differ = [(key, m, t) for key, (m, t) in enumerate(zip(mine, their["servers"]))
                          if m != t]
                self.assertFalse(differ[:3], "%d of %d keys: (key, ours, grpc-go's)" % (
                    len(differ), KEYS))
                self.assertGreater(len(set(mine)), 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
