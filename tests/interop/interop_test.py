"""Ours (profile grpc), grpc-go's and grpcio's own xDS clients on one go-control-plane, with the
same backends.

Run by tests/interop/run.sh, which builds the parts and names them in the environment.
"""

import time
import unittest

import resources
from processes import (PYTHON, REFERENCES, Backends, ControlPlane, Meshctl, mesh_call, wait_for)

POINTS = 0.03  # by how much a share may differ
CALLS = 3000
# Where both draw: with fewer, shares that are the same differ by POINTS once in 250 times.
CALLS_WHERE_BOTH_DRAW = 12000
TARGET = "xds:///service"


def shares(peers):
    total = sum(peers.values())
    return {peer: count / total for peer, count in peers.items()}


class InteropTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(resources.Folder())
        self.backends = self.enterContext(Backends(4))
        self.a, self.b, self.c, self.d = self.backends.addresses

    def start_control_plane(self, port=0):
        control_plane = self.enterContext(ControlPlane(self.folder.path, port))
        wait_for("first snapshot", lambda: control_plane.stats()["version"] > 0)
        return control_plane

    def publish(self, control_plane, change):
        before = control_plane.stats()["version"]
        change()
        wait_for("new snapshot", lambda: control_plane.stats()["version"] > before)

    def expect_same_shares(self, ours, theirs, name):
        """`theirs`: of the client of that name."""
        self.assertEqual(ours["statuses"], {"OK": ours["calls"]}, ours["errors"])
        self.assertEqual(theirs["statuses"], {"OK": theirs["calls"]}, (name, theirs["errors"]))
        self.assertEqual(set(ours["peers"]), set(theirs["peers"]), name)
        theirs_by_peer = shares(theirs["peers"])
        for peer, share in shares(ours["peers"]).items():
            self.assertAlmostEqual(share, theirs_by_peer[peer], delta=POINTS, msg=(name, peer))

    def references(self, control_plane):
        """A client of each other project, until the test ends."""
        return [self.enterContext(start(TARGET, control_plane.port)) for start in REFERENCES]

    def compare_shares(self, control_plane, calls=CALLS):
        references = self.references(control_plane)
        for reference in references:
            self.warm(reference)
        ours = self.ours(control_plane.port, calls)
        for reference in references:
            self.expect_same_shares(ours, reference.call(calls), reference.name)
            reference.kill()

    def warm(self, client):
        """Every endpoint is connected, so that the shares are those of the configuration."""
        wanted = client.call(1)
        self.assertEqual(wanted["statuses"], {"OK": 1}, (client.name, wanted["errors"]))
        time.sleep(0.5)

    def ours(self, port, count=CALLS):
        # The first calls find fewer endpoints connected than there are: at a low rate they are few.
        return mesh_call(TARGET, port, count, "--qps", "750")

    def test_grpcio_takes_part(self):
        if not PYTHON:
            self.skipTest("grpcio cannot be had here")
        self.folder.serve("service", [("z1", 1, 0, [self.a])])
        clients = {client.name: client for client in self.references(self.start_control_plane())}
        self.assertEqual(clients["grpcio"].call(5)["peers"], {self.a: 5})

    def test_same_endpoints_and_shares(self):
        cases = {
            "one locality": [("z1", 1, 0, [self.a, self.b, self.c])],
            "localities by weight": [("z1", 3, 0, [self.a, self.b]), ("z2", 1, 0, [self.c])],
            "second priority unused": [("z1", 1, 0, [self.a, self.b]), ("z2", 1, 1, [self.c])],
            "a locality without endpoints": [("z1", 1, 0, [self.a, self.b]), ("z2", 9, 0, [])],
        }
        for name, localities in cases.items():
            with self.subTest(name):
                self.folder.serve("service", localities)
                with ControlPlane(self.folder.path) as control_plane:
                    wait_for("snapshot", lambda: control_plane.stats()["version"] > 0)
                    self.compare_shares(control_plane)

    def test_weighted_clusters(self):
        self.folder.set(
            listeners=[resources.listener("service", "routes")],
            routes=[resources.route("routes", "service", {"c1": 75, "c2": 25})],
            clusters=[resources.cluster("c1"), resources.cluster("c2")],
            endpoints=[resources.assignment("c1", [("z", 1, 0, [self.a])]),
                       resources.assignment("c2", [("z", 1, 0, [self.b])])])
        control_plane = self.start_control_plane()
        self.compare_shares(control_plane, CALLS_WHERE_BOTH_DRAW)

    def test_same_update(self):
        """A running client of each kind leaves the removed endpoint and finds the new one."""
        self.folder.serve("service", [("z1", 1, 0, [self.a, self.b])])
        control_plane = self.start_control_plane()
        references = self.references(control_plane)
        with Meshctl(TARGET, control_plane.port, "--qps", "300", "--count", "3600") as ours:
            wait_for("mesh on a and b", lambda: min(
                self.backends.calls()[x] for x in (self.a, self.b)) > 0)
            for theirs in references:
                self.assertEqual(set(theirs.call(200)["peers"]), {self.a, self.b}, theirs.name)
            self.publish(control_plane, lambda: self.folder.serve(
                "service", [("z1", 1, 0, [self.a, self.c])]))
            for theirs in references:
                wait_for(theirs.name + " on c",
                         lambda: set(theirs.call(100)["peers"]) == {self.a, self.c})
            # From here on only ours calls.
            alone = self.backends.calls()
            wait_for("mesh on c", lambda: self.backends.calls()[self.c] > alone[self.c] + 5)
            before = self.backends.calls()
            wait_for("more calls on c", lambda: self.backends.calls()[self.c] > before[self.c] + 50)
            self.assertEqual(self.backends.calls()[self.b], before[self.b])
            summary = ours.summary()
            self.assertEqual(summary["statuses"], {"OK": 3600}, summary["errors"])
            self.assertEqual(set(summary["peers"]), {self.a, self.b, self.c})

    def test_listener_deleted_and_restored(self):
        self.folder.serve("service", [("z1", 1, 0, [self.a])])
        listeners = self.folder.resources["listeners"]
        control_plane = self.start_control_plane()
        references = self.references(control_plane)
        with Meshctl(TARGET, control_plane.port, "--qps", "100", "--count", "1500") as ours:
            for theirs in references:
                self.assertEqual(theirs.call(10)["statuses"], {"OK": 10}, theirs.name)
            self.publish(control_plane, lambda: self.folder.set(listeners=[]))
            for theirs in references:
                wait_for(theirs.name + " fails",
                         lambda: "UNAVAILABLE" in theirs.call(1)["statuses"])
            stopped = self.backends.calls()[self.a]
            wait_for("mesh stopped", lambda: self._still(stopped))
            self.publish(control_plane, lambda: self.folder.set(listeners=listeners))
            for theirs in references:
                wait_for(theirs.name + " recovers",
                         lambda: theirs.call(1)["statuses"] == {"OK": 1})
            summary = ours.summary()
            self.assertEqual(set(summary["statuses"]), {"OK", "UNAVAILABLE"}, summary)
            self.assertIn('Listener "service"', summary["errors"]["UNAVAILABLE"])
            self.assertIn("interop", summary["errors"]["UNAVAILABLE"], "names the node")
            fresh = mesh_call(TARGET, control_plane.port, 10)
            self.assertEqual(fresh["statuses"], {"OK": 10}, fresh["errors"])

    def _still(self, _):
        before = self.backends.calls()[self.a]
        time.sleep(0.2)
        return self.backends.calls()[self.a] == before

    def test_restart_of_the_control_plane_costs_nothing(self):
        """No lost call and no new connection to a backend (F02)."""
        self.folder.serve("service", [("z1", 1, 0, [self.a, self.b]), ("z2", 1, 0, [self.c])])
        control_plane = self.start_control_plane()
        with Meshctl(TARGET, control_plane.port, "--qps", "500", "--count", "4000") as ours:
            wait_for("calls everywhere", lambda: all(
                self.backends.calls()[x] > 50 for x in (self.a, self.b, self.c)))
            before = self.backends.connections()
            port = control_plane.port
            control_plane.kill()
            time.sleep(1)
            again = self.start_control_plane(port)
            wait_for("reconnected", lambda: again.stats()["streams"] > 0)
            wait_for("subscribed", lambda: len(again.stats()["requests"]) == 4)
            summary = ours.summary()
            self.assertEqual(summary["statuses"], {"OK": 4000}, summary["errors"])
            self.assertEqual(self.backends.connections(), before)
            self.assertEqual(again.stats()["nacks"], {})

    def test_cheap_in_the_nack_loop(self):
        """go-control-plane sends a rejected version again at once, for ever (F09)."""
        self.folder.serve("service", [("z1", 1, 0, [self.a])])
        control_plane = self.start_control_plane()
        with Meshctl(TARGET, control_plane.port, "--qps", "50", "--count", "400") as ours:
            wait_for("calls", lambda: self.backends.calls()[self.a] > 20)
            bad = resources.cluster("service-cluster", lbPolicy="RING_HASH", ringHashLbConfig={
                "minimumRingSize": "1024", "maximumRingSize": "16"})
            self.publish(control_plane, lambda: self.folder.set(clusters=[bad]))
            cds = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
            wait_for("NACKs", lambda: control_plane.stats()["nacks"].get(cds, 0) > 10)
            cpu, begin = ours.cpu_seconds(), time.monotonic()
            nacks = control_plane.stats()["nacks"][cds]
            time.sleep(3)
            share = (ours.cpu_seconds() - cpu) / (time.monotonic() - begin)
            rate = (control_plane.stats()["nacks"][cds] - nacks) / 3
            print("NACK loop: %.0f NACKs a second at %.1f %% of a core" % (rate, 100 * share))
            self.assertIn('"service-cluster"', control_plane.stats()["nack"])
            self.assertLessEqual(share, 0.2)
            summary = ours.summary()
            self.assertEqual(summary["statuses"], {"OK": 400}, summary["errors"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
