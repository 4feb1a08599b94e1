#!/usr/bin/python3
"""Counts the test cases of one `bazel test`, from its build event file.

Usage: count_tests.py EVENTS BAZEL_STATUS

Prints the failed cases and, last, `N passed, N failed, N skipped`. A target without a report
counts as one case. Exits with 1 if something failed, or if there was nothing to run.
"""

import collections
import json
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree

PASSED = ("PASSED", "FLAKY")


def read_events(path):
    with open(path, encoding="utf-8") as events:
        for line in events:
            if line.strip():
                yield json.loads(line)


def report_path(result):
    for output in result.get("testActionOutput", []):
        if output.get("name") == "test.xml":
            return urllib.request.url2pathname(urllib.parse.urlparse(output["uri"]).path)
    return None


def outcomes_of_report(path):
    """Yields (name, "passed" | "failed" | "skipped") of each case of a JUnit report."""
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name = ".".join(filter(None, [case.get("classname"), case.get("name")]))
        if case.find("failure") is not None or case.find("error") is not None:
            yield name, "failed"
        elif (
            case.find("skipped") is not None
            or case.get("result") in ("skipped", "suppressed")
            or case.get("status") == "notrun"
        ):
            yield name, "skipped"
        else:
            yield name, "passed"


def outcomes_of_target(label, result):
    passed = result.get("status") in PASSED
    path = report_path(result)
    try:
        cases = list(outcomes_of_report(path)) if path else []
    except (OSError, xml.etree.ElementTree.ParseError):
        cases = []
    if not cases:
        cases = [("", "passed" if passed else "failed")]
    elif not passed and all(outcome != "failed" for _, outcome in cases):
        # It ended badly after its last case: a leak report, a crash at exit, a time-out.
        cases.append((result.get("status", "FAILED").lower(), "failed"))
    return [(label + (" " + name if name else ""), outcome) for name, outcome in cases]


def main():
    events, bazel_status = sys.argv[1], int(sys.argv[2])
    last_try = {}
    unbuilt = set()
    for event in read_events(events):
        ident = event.get("id", {})
        if "testResult" in event:
            key = ident["testResult"]
            last_try[(key["label"], key.get("shard", 0), key.get("run", 0))] = event["testResult"]
        elif "targetCompleted" in ident and not event.get("completed", {}).get("success"):
            unbuilt.add(ident["targetCompleted"]["label"])

    count = collections.Counter()
    failures = []
    tested = set()
    for (label, _, _), result in sorted(last_try.items(), key=lambda item: item[0]):
        tested.add(label)
        for name, outcome in outcomes_of_target(label, result):
            count[outcome] += 1
            if outcome == "failed":
                failures.append(name)
    for label in sorted(unbuilt - tested):
        count["failed"] += 1
        failures.append(label + " did not build")
    if bazel_status and not count["failed"]:
        count["failed"] += 1
        failures.append("bazel ended with exit code %d" % bazel_status)

    for name in failures:
        print("FAILED: " + name)
    print("%d test targets" % len(tested))
    print("%d passed, %d failed, %d skipped" % (count["passed"], count["failed"], count["skipped"]))
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
