"""Rows from the micro benchmarks: programs of Google Benchmark that stand beside this file."""

import json
import os
import subprocess

from arithmetic import Row

# Nanoseconds, by (endpoints, threads).
_PICK_AIMS = {(10, 1): 15, (1000, 1): 20, (100000, 1): 45,
              (10, 2): 60, (1000, 2): 35, (100000, 2): 45}
_SCALE = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def _run(bench, program):
    """Nanoseconds by name; the median of some repetitions. None if the program is not there."""
    path = os.path.join(bench.binaries, program)
    if not os.path.exists(path):
        return None
    quick = ["--benchmark_min_time=0.02", "--benchmark_repetitions=3"]
    full = ["--benchmark_min_time=0.2", "--benchmark_repetitions=5"]
    result = subprocess.run(
        [path, "--benchmark_format=json"] + (quick if bench.quick else full), text=True,
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    report = json.loads(result.stdout)["benchmarks"]
    bench.keep(program, report)
    return {b["run_name"]: b["real_time" if "real_time" in b["run_name"] else "cpu_time"]
            * _SCALE[b["time_unit"]]
            for b in report if b.get("aggregate_name") == "median"}


def picks(bench):
    times = _run(bench, "pick_benchmark")
    if times is None:
        return [Row("pick", "not measured: pick_benchmark is not built")]
    rows = []
    for (endpoints, threads), aim in _PICK_AIMS.items():
        name = "/%d/real_time/threads:%d" % (endpoints, threads)
        array = times["BM_ArrayAtRandom" + name]
        for policy in ("round_robin", "random", "two_localities"):
            pick = times["BM_Pick/" + policy + name]
            rows.append(Row(
                "pick, %s, %d of %d thread%s" % (policy, endpoints, threads, "s"[:threads > 1]),
                "%.1f ns" % pick, "array[random]: %.1f ns" % array, "%.2f" % (pick / array), pick,
                at_most=aim if policy == "round_robin" else None, unit="ns"))
    return rows


def others(bench):
    """What the other programs say, without an aim."""
    rows = []
    for program in ("epoch_benchmark", "cluster_update_benchmark", "eds_decode_benchmark"):
        for name, nanoseconds in (_run(bench, program) or {}).items():
            value, unit = nanoseconds, "ns"
            if value >= 1e4:
                value, unit = value / 1e3, "us"
            rows.append(Row("%s: %s" % (program, name), "%.4g %s" % (value, unit)))
    return rows
