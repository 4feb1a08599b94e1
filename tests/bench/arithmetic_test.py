#!/usr/bin/env python3
"""Tests of the arithmetic behind the table of `./dev bench`."""

import math
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import arithmetic  # noqa: E402


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


if __name__ == "__main__":
    unittest.main()
