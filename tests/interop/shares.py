"""What shares_test.py and zones_test.py have in common: how a mesh and Envoy share calls."""

import collections

from resources import endpoint

CALLS = 5000
DEPTH = 20
POINTS = 0.02  # by how much a share may differ
# Both draw the priority of each call, so that 5,000 calls of each may differ by more though their
# shares are the same: the standard deviation is up to one point. Then so many calls decide.
MORE_CALLS = 30000


def of(addresses, healthy, degraded=0):
    """The first are healthy, the next are degraded, the others are unhealthy."""
    states = ["HEALTHY"] * healthy + ["DEGRADED"] * degraded
    states += ["UNHEALTHY"] * (len(addresses) - len(states))
    return [endpoint(address, state) for address, state in zip(addresses, states)]


class ComparesShares:
    """Of an EnvoyTest: each service's calls are shared alike."""

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

