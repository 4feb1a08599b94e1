"""Rows from the micro benchmarks: programs of Google Benchmark that stand beside this file."""

import json
import os
import subprocess

from arithmetic import Row, median

# Nanoseconds of a pick by round robin, by (endpoints, threads).
_PICK_AIMS = {(10, 1): 15, (1000, 1): 20, (100000, 1): 45,
              (10, 2): 60, (1000, 2): 35, (100000, 2): 45}
_SIZES = (10, 1000, 100000)
# Policies whose picks may take twice as long as those of round robin.
_HASHING = ("ring_hash", "maglev")
# 10,000 times the endpoints may make a pick so many times as long: what a search by halves and
# memory beyond the caches cost, but nothing that looks at each endpoint.
_MOST_GROWTH = 50
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
    bench.keep("%s %s" % (program, only), report)
    times = {}
    for b in report:
        if b["run_type"] == "iteration":
            times.setdefault(b["run_name"], []).append(b["cpu_time"] * _SCALE[b["time_unit"]])
    return {name: median(values) for name, values in times.items()}


def pick_rows(times):
    """What `pick_benchmark` says, nanoseconds by name: each policy against its naive twin, those
    that hash against those that do not, and many endpoints against few."""
    def of(policy, endpoints, threads=1, kind="BM_Pick"):
        return times.get("%s/%s/%d/real_time/threads:%d" % (kind, policy, endpoints, threads))

    policies = []
    for name in times:
        kind, policy = name.split("/")[:2]
        if kind == "BM_Pick" and policy not in policies:
            policies.append(policy)
    rows = []
    for (endpoints, threads), aim in _PICK_AIMS.items():
        pick, array = of("round_robin", endpoints, threads), of("random", endpoints, threads,
                                                                "BM_Naive")
        rows.append(Row(
            "pick, round_robin, %d of %d thread%s" % (endpoints, threads, "s"[:threads > 1]),
            "%.1f ns" % pick, "array[random]: %.1f ns" % array, "%.2f" % (pick / array), pick,
            at_most=aim, unit="ns"))
    for policy in policies:
        for endpoints in _SIZES:
            picks = [of(policy, endpoints, threads) for threads in (1, 2)]
            twins = [of(policy, endpoints, threads, "BM_Naive") for threads in (1, 2)]
            has_twin = None not in twins
            rows.append(Row(
                "pick, %s, %d, 1; 2 threads" % (policy, endpoints), "%.1f; %.1f ns" % tuple(picks),
                "naive: %.1f; %.1f ns" % tuple(twins) if has_twin else "",
                "%.2f; %.2f" % (picks[0] / twins[0], picks[1] / twins[1]) if has_twin else ""))
    # Beyond the caches, round robin goes from line to line, and what is hashed does not: like
    # random.
    for policy in _HASHING:
        for against, endpoints in [("round_robin", size) for size in _SIZES] + [
                ("random", _SIZES[-1])]:
            pick, other = of(policy, endpoints), of(against, endpoints)
            rows.append(Row(
                "pick, %s, %d" % (policy, endpoints), "%.1f ns" % pick,
                "%s: %.1f ns" % (against, other), "%.2f" % (pick / other), pick / other,
                at_most=2 if against == "round_robin" else None))
    for policy in policies:
        many, few = of(policy, _SIZES[-1]), of(policy, _SIZES[0])
        rows.append(Row("pick, %s, %d endpoints" % (policy, _SIZES[-1]), "%.1f ns" % many,
                        "%d: %.1f ns" % (_SIZES[0], few), "%.2f" % (many / few), many / few,
                        at_most=_MOST_GROWTH))
    return rows


def update_rows(times):
    """What `cluster_update_benchmark` says of policies, nanoseconds by name."""
    rows = []
    for name, nanoseconds in times.items():
        kind, policy, rest = name.split("/", 2)
        if kind == "BM_ReplaceOne":
            usual = times["BM_ReplaceOne/round_robin/" + rest]
            rows.append(Row(
                "update, %s, 1 of %s endpoints" % (policy, rest.split("/")[1]),
                "%.1f us" % (nanoseconds / 1e3), "round_robin: %.1f us" % (usual / 1e3),
                "%.2f" % (nanoseconds / usual)))
        else:
            rows.append(Row("built, %s of %s endpoints" % (policy, rest),
                            "%.1f us" % (nanoseconds / 1e3)))
    return rows


def picks(bench):
    """Each policy: a pick, an update of one of many endpoints, and for those that hash, the table
    by itself."""
    times = _run(bench, "pick_benchmark")
    updates = _run(bench, "cluster_update_benchmark",
                   "BM_ReplaceOne/.*/at_most_128_connected/100000|BM_BuildPolicy/(ring_hash|maglev)/")
    if times is None or updates is None:
        raise RuntimeError("pick_benchmark or cluster_update_benchmark is not built")
    return pick_rows(times) + update_rows(updates)


def others(bench):
    """What the other programs say, without an aim."""
    rows = []
    for program, only in (("epoch_benchmark", "."),
                          ("cluster_update_benchmark", "Apply|Bytes|ReplaceOne/round_robin/"),
                          ("eds_decode_benchmark", ".")):
        for name, nanoseconds in (_run(bench, program, only) or {}).items():
            value, unit = nanoseconds, "ns"
            if value >= 1e4:
                value, unit = value / 1e3, "us"
            rows.append(Row("%s: %s" % (program, name), "%.4g %s" % (value, unit)))
    return rows
