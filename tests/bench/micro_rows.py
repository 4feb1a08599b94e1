"""Rows from the micro benchmarks: programs of Google Benchmark that stand beside this file."""

import json
import os
import subprocess

from arithmetic import Row, median

# Nanoseconds, by (endpoints, threads).
_PICK_AIMS = {(10, 1): 15, (1000, 1): 20, (100000, 1): 45,
              (10, 2): 60, (1000, 2): 35, (100000, 2): 45}
_SCALE = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def _run(bench, program, only="."):
    """Nanoseconds of a processor by name, the median of some repetitions: of a processor, because
    the clock on the wall also counts what other programs take. None if it is not there."""
    path = os.path.join(bench.binaries, program)
    if not os.path.exists(path):
        return None
    quick = ["--benchmark_min_time=0.05"]
    full = ["--benchmark_min_time=0.1", "--benchmark_repetitions=3"]
    result = subprocess.run(
        [path, "--benchmark_format=json", "--benchmark_filter=" + only]
        + (quick if bench.quick else full), text=True,
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    report = json.loads(result.stdout)["benchmarks"]
    bench.keep(program, report)
    times = {}
    for b in report:
        if b["run_type"] == "iteration":
            times.setdefault(b["run_name"], []).append(b["cpu_time"] * _SCALE[b["time_unit"]])
    return {name: median(values) for name, values in times.items()}


def picks(bench):
    policies = ("round_robin",) if bench.quick else ("round_robin", "random", "two_localities")
    times = _run(bench, "pick_benchmark", "Array|" + "|".join(policies))
    if times is None:
        return [Row("pick", "not measured: pick_benchmark is not built")]
    rows = []
    for (endpoints, threads), aim in _PICK_AIMS.items():
        name = "/%d/real_time/threads:%d" % (endpoints, threads)
        array = times["BM_ArrayAtRandom" + name]
        for policy in policies:
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
