#!/usr/bin/env python3
"""Measures Mesh against a bare gRPC channel and gRPC's own xDS client, in one run.

Prints a table and writes build/bench/results.json. A number that misses its aim fails nothing;
only what could not be measured does.

usage: MESH_BIN=bazel-bin run.py [PART...] [--quick] [--output FILE]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import arithmetic  # noqa: E402
import call_rows  # noqa: E402
import failover_rows  # noqa: E402
import micro_rows  # noqa: E402
import update_rows  # noqa: E402

PARTS = {
    "instructions": call_rows.instructions,
    "latency": call_rows.latency,
    "open-loop": call_rows.open_loop,
    "held": call_rows.held,
    "update-cost": update_rows.update_cost,
    "visibility": update_rows.visibility,
    "failover": failover_rows.failover,
    "memory": update_rows.memory,
    "first-call": update_rows.first_call,
    "picks": micro_rows.picks,
    "micro": micro_rows.others,
}


class Bench:
    """What every part is given: where the programs are, how long to take, where raw data goes."""

    def __init__(self, binaries, quick):
        self.binaries = binaries
        self.quick = quick
        self.raw = {}

    def keep(self, name, data):
        self.raw[name] = data

    @staticmethod
    def say(text):
        print("  " + text, file=sys.stderr, flush=True)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller inputs")
    parser.add_argument("parts", nargs="*", metavar="PART", help="all, or: " + ", ".join(PARTS))
    parser.add_argument("--only", action="append", default=[], metavar="PART",
                        help="the same as PART by itself")
    parser.add_argument("--output", default=os.path.join("build", "bench", "results.json"))
    options = parser.parse_args(arguments)
    options.parts += options.only
    for part in options.parts:
        if part not in PARTS:
            parser.error("there is no part \"%s\": %s" % (part, ", ".join(PARTS)))
    return options


def main():
    options = parse(sys.argv[1:])
    binaries = os.path.join(os.environ.get("MESH_BIN", "bazel-bin"), "tests", "bench")
    if not os.path.exists(os.path.join(binaries, "client")):
        sys.exit("bench: %s/client is not built: use ./dev bench" % binaries)
    # Thousands of connections in one process.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    bench = Bench(binaries, options.quick)
    rows, failures, loads = [], {}, {}
    for name in options.parts or PARTS:
        began = time.monotonic()
        try:
            rows += PARTS[name](bench)
        except (RuntimeError, OSError, KeyError, ValueError,
                subprocess.SubprocessError) as error:
            failures[name] = str(error)
        loads[name] = os.getloadavg()[0]
        bench.say("%s: %.0f s, load %.1f on %d processors%s" % (
            name, time.monotonic() - began, loads[name], os.cpu_count(),
            ", FAILED: " + failures[name] if name in failures else ""))

    print(arithmetic.table(rows))
    if max(loads.values()) > os.cpu_count() + 1:
        print("\nOther programs ran meanwhile (load up to %.1f): times are too long, ratios of "
              "interleaved rounds and instructions hold." % max(loads.values()))
    for name, text in failures.items():
        print("not measured: %s: %s" % (name, text))
    os.makedirs(os.path.dirname(options.output) or ".", exist_ok=True)
    with open(options.output, "w") as file:
        json.dump({"quick": options.quick, "load": loads, "failures": failures,
                   "rows": [row.as_json() for row in rows], "raw": bench.raw}, file, indent=1)
    print("\nwritten: " + options.output)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
