#!/usr/bin/python3
"""tools/dev/count_tests.py counts what a run of Bazel reports, and lets no failure through."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
COUNT = os.path.join(os.path.dirname(os.path.dirname(HERE)), "tools", "dev", "count_tests.py")

PASSED = '<testcase name="A" classname="S" status="run" result="completed"/>'
FAILED = '<testcase name="B" classname="S" status="run"><failure message="x"/></testcase>'
ERROR = '<testcase name="C"><error message="crashed"/></testcase>'
SKIPPED = '<testcase name="D" status="run" result="skipped"><skipped message="m"/></testcase>'
DISABLED = '<testcase name="E" status="notrun" result="suppressed"/>'


class CountTestsTest(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self._folder)
        self._events = []

    def _target(self, label, status, cases, attempt=1):
        """Adds the result of a test target; `cases` of None: it left no report."""
        outputs = []
        if cases is not None:
            path = os.path.join(self._folder, "%d.xml" % len(self._events))
            with open(path, "w", encoding="utf-8") as report:
                report.write("<testsuites><testsuite>%s</testsuite></testsuites>" % cases)
            outputs = [{"name": "test.log", "uri": "file:///x"}, {"name": "test.xml", "uri": "file://" + path}]
        self._events.append(
            {
                "id": {"testResult": {"label": label, "run": 1, "shard": 1, "attempt": attempt}},
                "testResult": {"status": status, "testActionOutput": outputs},
            }
        )

    def _unbuilt(self, label):
        self._events.append({"id": {"targetCompleted": {"label": label}}, "completed": {}})

    def _count(self, bazel_status=0):
        """Returns the printed lines, and the exit code."""
        path = os.path.join(self._folder, "events.json")
        with open(path, "w", encoding="utf-8") as events:
            events.writelines(json.dumps(event) + "\n" for event in self._events)
        run = subprocess.run(
            [sys.executable, COUNT, path, str(bazel_status)], stdout=subprocess.PIPE, check=False, text=True
        )
        return run.stdout.splitlines(), run.returncode

    def test_cases_are_counted_by_outcome(self):
        self._target("//a:a", "PASSED", PASSED + SKIPPED)
        self._target("//a:b", "FAILED", PASSED + FAILED + ERROR + DISABLED)
        lines, code = self._count(3)
        self.assertEqual("2 passed, 2 failed, 2 skipped", lines[-1])
        self.assertEqual(["FAILED: //a:b S.B", "FAILED: //a:b C"], lines[:2])
        self.assertEqual(1, code)

    def test_all_passed(self):
        self._target("//a:a", "PASSED", PASSED)
        self.assertEqual((["1 test targets", "1 passed, 0 failed, 0 skipped"], 0), self._count())

    def test_a_target_without_a_report_is_one_case(self):
        self._target("//a:a", "PASSED", None)
        self._target("//a:b", "TIMEOUT", None)
        self.assertEqual("1 passed, 1 failed, 0 skipped", self._count(3)[0][-1])

    def test_a_target_that_fails_after_its_last_case(self):
        self._target("//a:a", "FAILED", PASSED)
        self.assertEqual("1 passed, 1 failed, 0 skipped", self._count(3)[0][-1])

    def test_a_target_that_did_not_build(self):
        self._target("//a:a", "PASSED", PASSED)
        self._unbuilt("//a:b")
        lines, code = self._count(1)
        self.assertEqual("FAILED: //a:b did not build", lines[0])
        self.assertEqual(("1 passed, 1 failed, 0 skipped", 1), (lines[-1], code))

    def test_only_the_last_attempt_counts(self):
        self._target("//a:a", "FAILED", FAILED, attempt=1)
        self._target("//a:a", "PASSED", PASSED, attempt=2)
        self.assertEqual("1 passed, 0 failed, 0 skipped", self._count()[0][-1])

    def test_a_bazel_that_fails_without_a_word(self):
        self._target("//a:a", "PASSED", PASSED)
        lines, code = self._count(37)
        self.assertEqual(("1 passed, 1 failed, 0 skipped", 1), (lines[-1], code))

    def test_no_tests_at_all(self):
        self.assertEqual((["0 test targets", "0 passed, 0 failed, 0 skipped"], 1), self._count())


if __name__ == "__main__":
    unittest.main()
