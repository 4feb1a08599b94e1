#!/usr/bin/env python3
"""Tests of the arithmetic behind the table of `./dev bench`, and of the rows that are made of what
other programs say."""

import math
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import arithmetic  # noqa: E402
import envoy  # noqa: E402
import failover_rows  # noqa: E402
import micro_rows  # noqa: E402


class ArithmeticTest(unittest.TestCase):
    def test_quantiles(self):
        values = list(range(100, 0, -1))
        self.assertEqual(arithmetic.quantile(values, 0.5), 51)
        self.assertEqual(arithmetic.quantile(values, 0.99), 100)
        self.assertEqual(arithmetic.quantile([7], 0.99), 7)
        self.assertEqual(arithmetic.median([3, 1, 2]), 2)
        self.assertEqual(arithmetic.median([4, 1, 2, 3]), 2.5)

    def test_ratio_is_the_geometric_mean(self):
        ratio, low, high = arithmetic.ratio_interval([(2, 1), (1, 2)])
        self.assertAlmostEqual(ratio, 1)
        self.assertLess(low, 0.5)
        self.assertGreater(high, 2)

    def test_equal_rounds_leave_no_doubt(self):
        for number in arithmetic.ratio_interval([(3, 2)] * 5):
            self.assertAlmostEqual(number, 1.5)

    def test_interval_by_hand(self):
        # Logs 0.1, 0.2, 0.3: mean 0.2, deviation 0.1, t(2) = 4.30.
        pairs = [(math.exp(x), 1) for x in (0.1, 0.2, 0.3)]
        ratio, low, high = arithmetic.ratio_interval(pairs)
        half = 4.30 * 0.1 / math.sqrt(3)
        self.assertAlmostEqual(math.log(ratio), 0.2)
        self.assertAlmostEqual(math.log(low), 0.2 - half)
        self.assertAlmostEqual(math.log(high), 0.2 + half)

    def test_one_round_says_nothing_about_confidence(self):
        ratio, low, high = arithmetic.ratio_interval([(3, 2)])
        self.assertAlmostEqual(ratio, 1.5)
        self.assertEqual((low, high), (0.0, math.inf))

    def test_t_is_never_too_small(self):
        self.assertEqual(arithmetic.student_t(1), 12.71)
        self.assertEqual(arithmetic.student_t(11), 2.23)
        self.assertEqual(arithmetic.student_t(1000), 2.04)

    def test_verdicts(self):
        for value, at_most, at_least, aim, met in [
                (1.0, 1.01, None, "<= 1.01 x", "yes"),
                (1.02, 1.01, None, "<= 1.01 x", "no"),
                (1.0, None, 1.0, ">= 1 x", "yes"),
                (0.99, None, 1.0, ">= 1 x", "no"),
                (None, 1.0, None, "<= 1 x", "not measured"),
                (5.0, None, None, "", "")]:
            row = arithmetic.Row("w", "m", value=value, at_most=at_most, at_least=at_least)
            self.assertEqual((row.aim, row.met), (aim, met))
            self.assertEqual(row.as_json()["met"], met)

    def test_verdict_of_an_interval(self):
        for interval, at_most, at_least, met in [
                ((0.9, 1.0), 1.01, None, "yes"),
                ((1.02, 1.1), 1.01, None, "no"),
                ((0.9, 1.1), 1.01, None, "unclear"),
                ((1.0, 1.1), None, 1.0, "yes"),
                ((0.8, 0.9), None, 1.0, "no"),
                ((0.9, 1.1), None, 1.0, "unclear")]:
            row = arithmetic.Row("w", "m", value=sum(interval) / 2, at_most=at_most,
                                 at_least=at_least, interval=interval)
            self.assertEqual(row.met, met)

    def test_table_has_a_line_for_each_row(self):
        lines = arithmetic.table([arithmetic.Row("one", "1 us"), arithmetic.Row("two", "2")])
        lines = lines.splitlines()
        self.assertEqual(len(lines), 4)
        self.assertEqual(lines[0].split()[0], "what")
        self.assertEqual(lines[2].split()[0], "one")
        self.assertEqual(lines[0].index("|"), lines[2].index("|"))


MS = 1000000


def steady(first, last, step=10, took=1):
    """Calls that succeed, at milliseconds from `first` on, before `last`."""
    return [(began * MS, took * MS, 1) for began in range(first, last, step)]


class OutageTest(unittest.TestCase):
    def test_nothing_happened(self):
        result = arithmetic.outage(steady(0, 4000), 1000 * MS)
        self.assertEqual((result.calls, result.failed, result.clean, result.over), (300, 0, 0, 0))
        self.assertEqual((result.slow_share, result.late_slow_share), (0, 0))
        self.assertAlmostEqual(result.span, 2.99)

    def test_what_ended_before_does_not_count(self):
        calls = [(0, 1000 * MS, 0), (0, 900 * MS, 0), (500 * MS, 501 * MS, 0)]
        result = arithmetic.outage(calls + steady(1000, 3000), 1000 * MS)
        self.assertEqual((result.calls, result.failed), (201, 1))
        # The one that was under way: nothing bad began any more.
        self.assertEqual(result.clean, 0)
        self.assertAlmostEqual(result.over, 0.001)

    def test_slow_is_as_bad_as_failed(self):
        for call, failed, slow in [((1200 * MS, 1 * MS, 0), 1, 0),
                                   ((1200 * MS, 101 * MS, 1), 0, 1),
                                   ((1200 * MS, 101 * MS, 0), 1, 1)]:
            result = arithmetic.outage([call] + steady(1000, 2990), 1000 * MS)
            self.assertEqual((result.calls, result.failed), (200, failed))
            self.assertAlmostEqual(result.slow_share, slow / 200)
            self.assertAlmostEqual(result.clean, 0.2)
            self.assertAlmostEqual(result.over, 0.2 + call[1] / 1e9)

    def test_just_fast_enough(self):
        result = arithmetic.outage([(1200 * MS, 100 * MS, 1)] + steady(1000, 3000), 1000 * MS)
        self.assertEqual((result.slow_share, result.clean), (0, 0))

    def test_late_calls_by_themselves(self):
        calls = [(1000 * MS, 500 * MS, 1), (3000 * MS, 500 * MS, 1), (3100 * MS, 1 * MS, 1)]
        result = arithmetic.outage(calls, 1000 * MS)
        self.assertAlmostEqual(result.slow_share, 2 / 3)
        self.assertAlmostEqual(result.late_slow_share, 1 / 2)

    def test_never_over(self):
        # 50 good calls and one begin in the last half second.
        for began, clean in [(2000, 1.0), (2489, 1.489), (2490, None), (2990, None)]:
            calls = [(began * MS, 1 * MS, 0)] + steady(1000, 3000)
            self.assertEqual(arithmetic.outage(calls, 1000 * MS).clean, clean)

    def test_a_slow_call_at_the_end_is_not_the_fault(self):
        for others, clean in [(steady(1000, 3000, step=5), 1.9), (steady(1000, 3000, step=6), None)]:
            calls = [(2900 * MS, 200 * MS, 1)] + others
            self.assertEqual(arithmetic.outage(calls, 1000 * MS).clean, clean)

    def test_no_calls(self):
        result = arithmetic.outage([], 1000 * MS)
        self.assertEqual((result.calls, result.failed, result.clean, result.span), (0, 0, 0, 0))


class FailoverRowsTest(unittest.TestCase):
    FINE = arithmetic.Outage(calls=1000, failed=0, slow_share=0.0, late_slow_share=0.0, span=3.0,
                             clean=0.25, over=0.5)
    BAD = arithmetic.Outage(calls=90, failed=30, slow_share=0.3, late_slow_share=0.25, span=3.0,
                            clean=None, over=4.0)

    def verdicts(self, path, fault, result):
        return [(row.aim, row.met)
                for row in failover_rows.failover_rows(path, fault, "sync", result)]

    def test_aims_are_the_meshs(self):
        for path, fault, result, verdicts in [
                ("mesh", "killed", self.FINE, [("<= 0 failed", "yes")]),
                ("mesh", "killed", self.BAD, [("<= 0 failed", "no")]),
                ("mesh, retries", "frozen", self.FINE,
                 [("<= 29 failed", "yes"), ("<= 1 s", "yes"), ("<= 0 %", "yes")]),
                ("mesh", "frozen", self.BAD,
                 [("<= 29 failed", "no"), ("<= 1 s", "no"), ("<= 0 %", "no")]),
                ("grpc", "frozen", self.BAD, [("", "")])]:
            self.assertEqual(self.verdicts(path, fault, result), verdicts)

    def test_text(self):
        row = failover_rows.failover_rows("grpc", "frozen", "sync", self.BAD)[0]
        self.assertEqual(row.what, "failover, frozen, grpc, sync")
        self.assertEqual(row.measured, "30 of 90 failed")
        self.assertEqual(row.against, "over 100 ms: 30.00 %, after 2 s: 25.00 %")
        self.assertEqual(row.ratio, "clean: never; over: 4.00 s")


class EnvoyTest(unittest.TestCase):
    def test_has_what_it_is_told_and_nothing_else(self):
        plain = envoy.configuration(["127.0.0.1:1", "127.0.0.1:2"])
        cluster = plain["static_resources"]["clusters"][0]
        endpoints = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
        self.assertEqual([e["endpoint"]["address"]["socket_address"]["port_value"]
                          for e in endpoints], [1, 2])
        self.assertNotIn("outlier_detection", cluster)
        self.assertNotIn("retry_policy", str(plain))
        told = envoy.configuration(["127.0.0.1:1"], envoy.OUTLIER_DETECTION, envoy.RETRIES, "1s")
        cluster = told["static_resources"]["clusters"][0]
        self.assertEqual(cluster["outlier_detection"]["max_ejection_percent"], 10)
        self.assertIn("'num_retries': 2", str(told))
        self.assertIn("'timeout': '1s'", str(told))


class MicroRowsTest(unittest.TestCase):
    def times(self, **changes):
        times = {}
        for policy in ("round_robin", "two_localities", "random", "ring_hash", "maglev"):
            for endpoints in (10, 1000, 100000):
                for threads in (1, 2):
                    name = "%s/%d/real_time/threads:%d" % (policy, endpoints, threads)
                    times["BM_Pick/" + name] = 10.0 * threads
                    if policy != "two_localities":
                        times["BM_Naive/" + name] = 4.0
        for name, value in changes.items():
            times["BM_Pick/%s/1000/real_time/threads:1" % name] = value
        return times

    def rows(self, **changes):
        return {(row.what, row.against.split(":")[0]): row
                for row in micro_rows.pick_rows(self.times(**changes))}

    def test_each_policy_against_its_twin(self):
        rows = self.rows(maglev=30.0)
        row = rows["pick, maglev, 1000, 1; 2 threads", "naive"]
        self.assertEqual((row.measured, row.ratio), ("30.0; 20.0 ns", "7.50; 5.00"))
        row = rows["pick, two_localities, 10, 1; 2 threads", ""]
        self.assertEqual((row.measured, row.ratio), ("10.0; 20.0 ns", ""))

    def test_hashing_may_take_twice_as_long(self):
        for value, met in [(20.0, "yes"), (20.1, "no")]:
            row = self.rows(ring_hash=value)["pick, ring_hash, 1000", "round_robin"]
            self.assertEqual((row.aim, row.met), ("<= 2 x", met))

    def test_many_endpoints_against_few(self):
        times = self.times()
        times["BM_Pick/random/100000/real_time/threads:1"] = 501.0
        rows = {row.what: row for row in micro_rows.pick_rows(times)}
        self.assertEqual(rows["pick, random, 100000 endpoints"].met, "no")
        self.assertEqual(rows["pick, maglev, 100000 endpoints"].met, "yes")

    def test_updates_against_round_robin(self):
        rows = micro_rows.update_rows({
            "BM_ReplaceOne/round_robin/at_most_128_connected/100000": 50000.0,
            "BM_ReplaceOne/maglev/at_most_128_connected/100000": 5000000.0,
            "BM_BuildPolicy/maglev/1000": 1000000.0})
        self.assertEqual([(row.what, row.measured, row.ratio) for row in rows], [
            ("update, round_robin, 1 of 100000 endpoints", "50.0 us", "1.00"),
            ("update, maglev, 1 of 100000 endpoints", "5000.0 us", "100.00"),
            ("built, maglev of 1000 endpoints", "1000.0 us", "")])


if __name__ == "__main__":
    unittest.main()
