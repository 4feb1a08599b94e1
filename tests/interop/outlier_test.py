"""A mesh of profile envoy and Envoy eject an endpoint at the same call, and readmit it at the same
tick of the interval.

Run by tests/interop/run.sh.
"""

import concurrent.futures
import math
import time
import unittest

from envoy_peer import EnvoyTest, service

UNKNOWN, NOT_FOUND, EXHAUSTED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS = (
    2, 5, 8, 12, 13, 14, 15)
DEADLINE = 4

INTERVAL = 0.7  # seconds
BASE = 1.2 * INTERVAL
# A tick may be seen so much later, or earlier after one that was seen late.
TOLERANCE = 0.17

LONG = {"interval": "3600s", "baseEjectionTime": "3600s"}
ALL = {"maxEjectionPercent": 100}
GATEWAY_ONLY = {"enforcingConsecutive5xx": 0, "consecutiveGatewayFailure": 3,
                "enforcingConsecutiveGatewayFailure": 100}

MOST = 15  # the visits of an endpoint that is not ejected

# By name: (outlier detection, what the endpoint's calls end with, the visit that ejects it or None).
SCRIPTS = {
    "five-in-a-row": (ALL, [UNAVAILABLE], 5),
    "a-success-between": (ALL, [UNAVAILABLE] * 4 + [0] + [UNAVAILABLE] * 10, 10),
    "three-in-a-row": ({**ALL, "consecutive5xx": 3}, [INTERNAL], 3),
    "every-5xx": (ALL, [UNKNOWN, DEADLINE, UNIMPLEMENTED, INTERNAL, DATA_LOSS] * 3, 5),
    "others-are-answers": (ALL, ([UNAVAILABLE] * 4 + [NOT_FOUND] + [UNAVAILABLE] * 4 + [EXHAUSTED]
                                 + [UNAVAILABLE] * 5), 15),
    "client-errors": (ALL, [NOT_FOUND], None),
    "gateway-failures": (
        {**ALL, **GATEWAY_ONLY},
        [UNAVAILABLE, UNAVAILABLE, INTERNAL, UNAVAILABLE, DEADLINE, UNAVAILABLE], 6),
    "not-enforced": ({**ALL, "enforcingConsecutive5xx": 0}, [UNAVAILABLE], None),
    "cap-below-one-of-three": ({}, [UNAVAILABLE], None),
    "cap-at-one-of-three": ({"maxEjectionPercent": 34}, [UNAVAILABLE], 5),
    "one-in-spite-of-the-cap": ({"alwaysEjectOneHost": True}, [UNAVAILABLE], 5),
}


def together(functions):
    """Their results, by name; they run at the same time."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        results = {name: pool.submit(function) for name, function in functions.items()}
        return {name: result.result() for name, result in results.items()}


class OutlierTest(EnvoyTest):
    BACKENDS = 3

    @classmethod
    def services(cls, backends):
        # Without the window Envoy keeps changes of health from its balancer that come within a
        # second of others: an endpoint that fails as soon as it is back goes on taking calls.
        def ejecting(**config):
            return service([("z", 1, 0, backends)], outlierDetection=config, commonLbConfig={
                "healthyPanicThreshold": {"value": 0}, "updateMergeWindow": "0s"})

        result = {name: ejecting(**LONG, **config) for name, (config, _, _) in SCRIPTS.items()}
        result["ticks"] = ejecting(
            interval="%gs" % INTERVAL, baseEjectionTime="%gs" % BASE,
            maxEjectionTime="%gs" % (2 * BASE), **ALL)
        return result

    def visits_until_ejected(self, caller, name, script):
        """How many calls the first backend answers, its statuses the script's (the last again and
        again), before it answers none of a dozen; None: more than MOST. And when the last was."""
        victim = self.backends.addresses[0]
        visits = elsewhere = 0
        last = time.monotonic()
        while elsewhere < 12:
            status = script[min(visits, len(script) - 1)]
            server, ended = caller.one(name, fail_at=victim, fail_with=status)
            if server != victim:
                self.assertIn(server, self.backends.addresses)
                self.assertEqual(ended, 0)
                elsewhere += 1
                continue
            last = time.monotonic()
            self.assertEqual(ended, status)
            elsewhere = 0
            visits += 1
            if visits > MOST:
                return None, last
            time.sleep(0.01)  # an ejection is another thread's work, in Envoy as well
        return visits, last

    def test_ejected_at_the_same_call(self):
        for name, (_, script, expected) in SCRIPTS.items():
            with self.subTest(name):
                self.settle(name)
                visits = {who: self.visits_until_ejected(caller, name, script)[0]
                          for who, caller in self.rivals.items()}
                self.assertEqual(visits, {"ours": expected, "Envoy": expected})

    def eject(self, caller):
        """Returns when that was."""
        visits, when = self.visits_until_ejected(caller, "ticks", [UNAVAILABLE])
        self.assertEqual(visits, 5)
        return when

    def wait_for_return(self, caller):
        """Returns when the first backend answers again."""
        give_up = time.monotonic() + 10
        while time.monotonic() < give_up:
            server, status = caller.one("ticks")
            self.assertEqual(status, 0)
            if server == self.backends.addresses[0]:
                return time.monotonic()
            time.sleep(0.002)
        self.fail("not readmitted")

    def ticks_until_returns(self, caller):
        """Ejects the first backend a few times. Returns of all but the first time by which tick it
        came back, counted from the return before, by which it should have, and how far off the tick
        was, in seconds."""
        ejected = self.eject(caller)
        last = self.wait_for_return(caller)  # a tick, whose phase nobody told
        self.assertGreater(last - ejected, BASE - 0.05)
        self.assertLess(last - ejected, BASE + INTERVAL + TOLERANCE)
        ticks, expected, off = [], [], []
        # Twice at once: its time is twice the base, which is the most, but the last one counts too:
        # two ticks without ejections do not make it less. (Envoy passes over a tick that comes a
        # moment before an interval since the return is over, as the first may.) Then four do.
        for wait, times in ((0, 2), (0, 2), (2.15 * INTERVAL, 2), (4.15 * INTERVAL, 1)):
            time.sleep(wait)
            ejected = self.eject(caller)
            expected.append(math.ceil((ejected - last + times * BASE) / INTERVAL))
            now = self.wait_for_return(caller)
            ticks.append(round((now - last) / INTERVAL))
            off.append(now - last - ticks[-1] * INTERVAL)
            last = now
        return ticks, expected, off

    def test_readmitted_at_the_same_tick(self):
        self.settle("ticks")
        results = together({who: lambda caller=caller: self.ticks_until_returns(caller)
                            for who, caller in self.rivals.items()})
        print("; ".join("%s: after %s ticks, off by %s ms" % (
            who, ticks, [round(1000 * seconds) for seconds in off])
            for who, (ticks, _, off) in results.items()))
        for who, (ticks, expected, off) in results.items():
            self.assertEqual(ticks, expected, who)
            self.assertLess(max(abs(seconds) for seconds in off), TOLERANCE, who)


if __name__ == "__main__":
    unittest.main(verbosity=2)
