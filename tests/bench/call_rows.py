"""Rows about calls: instructions of a call, latency and throughput, a slow open loop."""

import os
import random
import re
import shutil
import subprocess
import tempfile
import time

from arithmetic import Row, ratio_interval
from processes import Client, Server, client_command

KINDS = ("bare", "grpc", "mesh")


def _instructions(bench, kind, server, target, command):
    """Instructions of a client that runs `command`: (all its threads, its first)."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        subprocess.run(
            ["valgrind", "--tool=callgrind", "--separate-threads=yes",
             "--callgrind-out-file=" + out]
            + client_command(bench.binaries, kind, server, target) + command.split(),
            env=dict(os.environ, **server.environment()), check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        threads = {}
        for name in os.listdir(folder):
            thread = re.fullmatch(r"out-(\d+)", name)
            if thread:
                with open(os.path.join(folder, name)) as file:
                    found = re.search(r"^(?:totals|summary): (\d+)", file.read(), re.M)
                threads[int(thread.group(1))] = int(found.group(1)) if found else 0
        return sum(threads.values()), threads[1]


def instructions(bench):
    """(instructions of 2n calls - of n calls) / n, by callgrind: start and end cancel out.

    All threads count. What a thread does by the clock, as the mesh's pump every 20 ms, weighs more
    here than in truth, because callgrind makes the calls between many times slower; so the calling
    thread also has rows of its own, where it does all that a call needs. An idle interceptor on a
    bare channel shows what gRPC's interception costs by itself.
    """
    if not shutil.which("valgrind"):
        return [Row("instructions a call", "not measured: valgrind is not here")]
    n = 500 if bench.quick else 2000
    rows = []
    with Server(bench.binaries) as server:
        server.start_service("bench")
        server.start_service("retry", retry=1)
        for style in ("sync %d", "async %d 1", "callback %d"):
            per_call, calling = {}, {}
            for kind, name in (("bare", ""), ("bare, no retries", ""), ("bare, intercepted", ""),
                               ("grpc", "bench"), ("mesh", "bench"), ("mesh", "retry")):
                counts = [_instructions(bench, kind, server, "xds:///" + name, style % calls)
                          for calls in (n, 2 * n)]
                key = "mesh, rescuable" if name == "retry" else kind
                per_call[key] = (counts[1][0] - counts[0][0]) / n
                calling[key] = (counts[1][1] - counts[0][1]) / n
                bench.say("%s %s: %.0f instructions a call, %.0f on the calling thread"
                          % (style.split()[0], key, per_call[key], calling[key]))
            rows += _instruction_rows(style.split()[0], per_call)
            if not style.startswith("callback"):
                rows += _instruction_rows(style.split()[0] + ", calling thread", calling)
    return rows


def _instruction_rows(style, per_call):
    def row(subject, against, at_most=None):
        ratio = per_call[subject] / per_call[against]
        return Row("instructions, %s, %s" % (style, subject), "%.0f" % per_call[subject],
                   "%s: %.0f" % (against, per_call[against]), "%.3f" % ratio, ratio, at_most)
    return [row("mesh", "bare", 0.95), row("mesh, rescuable", "bare", 0.98),
            row("mesh", "grpc", 0.90), row("mesh, rescuable", "grpc"), row("grpc", "bare"),
            row("bare, no retries", "bare"), row("bare, intercepted", "bare")]


def _ratio_row(what, rounds, against, measure, unit, scale, **aim):
    pairs = [(measure(r["mesh"]), measure(r[against])) for r in rounds]
    ratio, low, high = ratio_interval(pairs)
    mean = [sum(pair[i] for pair in pairs) / len(pairs) * scale for i in (0, 1)]
    return Row(what, "%.1f %s" % (mean[0], unit), "%s: %.1f %s" % (against, mean[1], unit),
               "%.3f [%.3f, %.3f]" % (ratio, low, high), ratio,
               interval=(low, high), **aim)


def _latency_rows(name, rounds, aims):
    rows = []
    for against in ("bare", "grpc"):
        for what, key, aim in (("p50", "p50", 1.01), ("p99", "p99", 1.02)):
            rows.append(_ratio_row("%s, %s" % (what, name), rounds, against,
                                   lambda r, key=key: r[key], "us", 1e-3,
                                   at_most=aim if aims else None))
        rows.append(_ratio_row("throughput, %s" % name, rounds, against,
                               lambda r: r["calls"] / r["elapsed"], "calls/s", 1e9,
                               at_least=1.0 if aims else None))
    return rows


def _rounds(bench, clients, count, command):
    rounds = []
    for _ in range(count):
        order = list(clients)
        random.shuffle(order)
        results = {}
        for kind in order:
            results[kind] = clients[kind].do(*command.split())
            if results[kind]["failed"]:
                raise RuntimeError("%s: %d calls failed" % (kind, results[kind]["failed"]))
        rounds.append(results)
    return rounds


def _with_clients(bench, body):
    """A process for each kind, because gRPC has one poller for all channels of a process: what one
    does in the background, the calls of the others would pay."""
    with Server(bench.binaries) as server:
        server.start_service("bench")
        clients = {kind: Client(bench.binaries, kind, server) for kind in KINDS}
        try:
            for client in clients.values():
                client.call()
                client.do("sync", 200)
            return body(clients)
        finally:
            for client in clients.values():
                client.__exit__()


def latency(bench):
    """Interleaved rounds in random order; a ratio is that of the rounds, pair by pair."""
    count = 6 if bench.quick else 30

    def body(clients):
        rows = []
        for name, command in (("depth 1 (sync)", "sync %d" % (300 if bench.quick else 1000)),
                              ("depth 100 (async)",
                               "async %d 100" % (1000 if bench.quick else 5000))):
            rounds = _rounds(bench, clients, count, command)
            bench.keep("latency, " + name, rounds)
            rows += _latency_rows(name, rounds, aims=True)
        return rows
    return _with_clients(bench, body)


def open_loop(bench):
    """20 calls a second: too few to keep anything busy, so waking up is what is measured."""
    def body(clients):
        rounds = _rounds(bench, clients, 3 if bench.quick else 8,
                         "rate 20 %d" % (20 if bench.quick else 80))
        bench.keep("open loop", rounds)
        return [row for row in _latency_rows("20 calls/s", rounds, aims=True)
                if not row.what.startswith("throughput")]
    return _with_clients(bench, body)


def _held_calls_cost(bench, count):
    """Processor time of a client whose `count` unary calls all began before there was an endpoint:
    from its first call to its last answer, so with what it costs to resolve and to connect."""
    with Server(bench.binaries) as server:
        server.do("service", "bench", 1, 0)
        with Client(bench.binaries, "mesh", server) as client:
            before = client.do("cost")["cpu"]
            client.do("begin-all", count)
            server.do("subscribed")
            time.sleep(0.3 + count / 5000)  # all have begun
            server.times("assign", "bench", 1, 1)
            _check(client.do("end"))
            return client.do("cost")["cpu"] - before


def _calls_cost(client, count):
    """The same of calls on a connection that is there."""
    before = client.do("cost")["cpu"]
    _check(client.do("async", count, count))
    return client.do("cost")["cpu"] - before


def _check(result):
    if result["failed"]:
        raise RuntimeError("%d calls failed" % result["failed"])


def _held_calls(bench):
    """A held unary call against a native and a bare one, by processor time: its latency is mostly
    what it waits for. All calls of a round are made at a time, since all that are held wait
    together. (time of 2n calls - time of n) / n: what is not the calls' cancels out."""
    n = 500  # so that no limit of what may wait is reached
    rounds = []
    with Server(bench.binaries) as server:
        server.start_service("bench")
        for _ in range(6 if bench.quick else 24):
            results = {"mesh": _held_calls_cost(bench, 2 * n) - _held_calls_cost(bench, n)}
            for kind, name in (("bare", "bare"), ("mesh", "native")):
                with Client(bench.binaries, kind, server) as client:
                    client.call()
                    _calls_cost(client, n)  # what is allocated once
                    results[name] = _calls_cost(client, 2 * n) - _calls_cost(client, n)
            rounds.append({kind: cost / n for kind, cost in results.items()})
    bench.keep("held calls", rounds)
    return [_ratio_row("held unary call, processor time", rounds, against, lambda cost: cost, "us",
                       1e-3) for against in ("native", "bare")]


def _held_streams(bench):
    """A stream that began before its service was connected, and so runs through the mesh, against
    one that began later, and so runs on the endpoint's own channel; and against a bare one.

    Each in a process of its own: in a new one, the first thing that is done waits.
    """
    count = 2000 if bench.quick else 10000
    rounds = []
    with Server(bench.binaries) as server:
        server.start_service("bench")
        for _ in range(3 if bench.quick else 10):
            results = {}
            for kind, warm in (("bare", True), ("native", True), ("mesh", False)):
                with Client(bench.binaries, "bare" if kind == "bare" else "mesh", server) as client:
                    if warm:
                        client.call()
                    results[kind] = client.do("stream", str(count))
                if results[kind]["failed"]:
                    raise RuntimeError("%s: the stream failed" % kind)
            rounds.append(results)
    bench.keep("held streams", rounds)
    return [_ratio_row("message of a held stream, there and back, p50", rounds, against,
                       lambda r: r["p50"], "us", 1e-3) for against in ("native", "bare")]


def held(bench):
    """What began before its service was connected, and so runs through the mesh, against what began
    later, and so runs on the endpoint's own channel."""
    return _held_streams(bench) + _held_calls(bench)
