"""Rows about updates: what one costs, when it is visible, the first call, memory."""

import time

from arithmetic import Row, median, quantile
from processes import Client, Server


def _microseconds(nanoseconds):
    return "%.0f us" % (nanoseconds / 1e3)


def _update_cost(bench, kind, endpoints, updates):
    """Processor time of the client for one changed endpoint, nanoseconds: the median update."""
    with Server(bench.binaries) as server:
        server.start_service("bench", endpoints)
        with Client(bench.binaries, kind, server) as client:
            client.call()
            time.sleep(2)  # connects what it connects
            costs = []
            for i in range(updates):
                before = client.do("cost")["cpu"]
                server.times("change", "bench", endpoints, endpoints - 1 - i * 37 % endpoints)
                if kind == "grpc":
                    client.do("sync", 20)  # it hears nothing while nobody calls
                server.times("acked")
                time.sleep(0.05)
                costs.append(client.do("cost")["cpu"] - before)
        bench.keep("update cost, %s, %d endpoints" % (kind, endpoints), costs)
        return median(costs)


def update_cost(bench):
    """From the arrival of the bytes to the published picker, over the whole path."""
    rows = []
    grpc = _update_cost(bench, "grpc", 1000, 3 if bench.quick else 7)
    for endpoints in (1000, 10000) if bench.quick else (1000, 10000, 100000):
        cost = _update_cost(bench, "mesh", endpoints, 5 if bench.quick else 15)
        with Server(bench.binaries) as server, Client(bench.binaries, "bare", server) as client:
            hashing = client.do("hash-pass", endpoints)["cpu"]
        what = "processor time, 1 of %d endpoints changed" % endpoints
        rows.append(Row(what, _microseconds(cost), "hash pass: " + _microseconds(hashing),
                        "%.1f" % (cost / hashing), cost / hashing, at_most=3))
        if endpoints == 1000:
            rows.append(Row(what, _microseconds(cost), "grpc: " + _microseconds(grpc),
                            "%.3f" % (cost / grpc)))
    return rows


# Localities' weights: almost all calls go to one of the two, both stay connected.
_MOST = 1000000


def _start_two_backends(server, client):
    server.do("service", "bench", 1, 0)
    server.do("backends", "bench", 1, 1)
    client.call()
    time.sleep(0.5)
    client.do("sync", 50)


def _idle(bench, kind, count):
    """Shares and times: whether a call 1 ms after an update saw it; when the update was accepted."""
    seen, delays, accepted = 0, [], []
    with Server(bench.binaries) as server, Client(bench.binaries, kind, server) as client:
        _start_two_backends(server, client)
        for i in range(count):
            time.sleep(0.5)  # idle
            to_b = i % 2 == 0
            pushed, _ = server.times("backends", "bench", *((1, _MOST) if to_b else (_MOST, 1)))
            call = client.call("call-at", pushed + 1000000)
            seen += call["server"] == ("b" if to_b else "a")
            delays.append(call["began"] - pushed)
            client.do("sync", 300)
        for i in range(count // 2):
            time.sleep(0.5)
            pushed, _ = server.times("backends", "bench", 1, _MOST - i)
            accepted.append(server.times("acked")[0] - pushed)
    return seen / count, median(delays) / 1e6, [ns / 1e6 for ns in accepted]


def _busy(bench, kind, count):
    """Milliseconds from the push until the last call that began unaware of it."""
    times = []
    with Server(bench.binaries) as server, Client(bench.binaries, kind, server) as client:
        _start_two_backends(server, client)
        server.do("backends", "bench", _MOST, 1)
        for i in range(count):
            time.sleep(0.3)
            client.tell("follow", "a", 400)
            time.sleep(0.15)
            to_b = i % 2 == 0
            pushed, _ = server.times("backends", "bench", *((1, _MOST) if to_b else (_MOST, 1)))
            begins = client.answer()["begins"]
            if to_b:
                times.append(max([0] + [b - pushed for b in begins]) / 1e6)
            else:
                times.append(min([b - pushed for b in begins if b > pushed] or [4e8]) / 1e6)
    return times


def visibility(bench):
    """When an update counts for the next call."""
    count = 6 if bench.quick else 24
    rows = []
    for kind in ("mesh", "grpc"):
        share, delay, accepted = _idle(bench, kind, count)
        bench.keep("update visible, idle, " + kind, [share, delay, accepted])
        aim = {"at_most": 1, "unit": "ms"} if kind == "mesh" else {}
        rows.append(Row("update accepted, idle, p50, " + kind, "%.2f ms" % median(accepted),
                        "p90: %.2f ms" % quantile(accepted, 0.9), "", median(accepted), **aim))
        rows.append(Row("update seen by a call %.1f ms later, idle, %s" % (delay, kind),
                        "%.0f %%" % (100 * share), "%d updates" % count))
    for kind in ("mesh", "grpc"):
        times = _busy(bench, kind, count)
        bench.keep("update visible, busy, " + kind, times)
        aim = {"at_most": 25, "unit": "ms"} if kind == "mesh" else {}
        rows.append(Row("update visible, busy, p90, " + kind, "%.1f ms" % quantile(times, 0.9),
                        "p50: %.1f ms" % median(times), "", quantile(times, 0.9), **aim))
    return rows


def _first_call(bench, kind, endpoints, count):
    """Milliseconds from the push of the endpoints, which a call waits for, to the call's end."""
    times = []
    for _ in range(count):
        with Server(bench.binaries) as server:
            server.do("service", "bench", 1, 0)
            with Client(bench.binaries, kind, server) as client:
                client.do("begin")
                server.do("subscribed")
                time.sleep(0.3)
                pushed, _ = server.times("assign", "bench", 1, endpoints)
                times.append((client.call("end")["ended"] - pushed) / 1e6)
    bench.keep("first call, %s, %d endpoints" % (kind, endpoints), times)
    return median(times)


def first_call(bench):
    count = 5 if bench.quick else 11
    with Server(bench.binaries) as server:
        bare = []
        for _ in range(count):
            with Client(bench.binaries, "bare", server) as client:
                call = client.call("fresh")
                bare.append((call["ended"] - call["began"]) / 1e6)
    bench.keep("first call, bare", bare)
    bare = median(bare)
    one = _first_call(bench, "mesh", 1, count)
    many = _first_call(bench, "mesh", 10000, count)
    rows = [
        Row("first call, 1 endpoint", "%.2f ms" % one, "bare: %.2f ms" % bare,
            "%.2f" % (one / bare), one / bare, at_most=2),
        Row("first call, 10000 endpoints", "%.1f ms" % many, "bare: %.2f ms" % bare,
            "%.2f" % (many / bare), many, at_most=30, unit="ms"),
    ]
    for endpoints in (1, 1000):
        grpc = _first_call(bench, "grpc", endpoints, 3)
        rows.append(Row("first call, %d endpoint%s, grpc" % (endpoints, "s"[:endpoints > 1]),
                        "%.2f ms" % grpc, "bare: %.2f ms" % bare, "%.2f" % (grpc / bare)))
    return rows


def _allocated(bench, clusters, endpoints):
    """Bytes that a mesh which never called has, with so many endpoints in each cluster; and the
    size of a cluster's endpoints on the wire."""
    with Server(bench.binaries) as server:
        _, size = server.start_service("bench", endpoints, clusters=clusters)
        with Client(bench.binaries, "mesh", server) as client:
            client.do("watch", clusters * endpoints)
            time.sleep(0.5)
            return client.do("allocated")["allocated"], size


def _whole_process(bench, clusters, endpoints):
    """What a process that watches so many clusters occupies, and its processor time till then."""
    with Server(bench.binaries) as server:
        server.start_service("bench", endpoints, clusters=clusters)
        with Client(bench.binaries, "mesh", server) as client:
            client.do("watch", clusters * endpoints)
            time.sleep(0.5)
            return client.do("resident")["resident"], client.do("cost")["cpu"]


def memory(bench):
    """By malloc's statistics, so without what it wastes; differences, so without what is fixed."""
    few, few_size = _allocated(bench, 1, 1000)
    many, many_size = _allocated(bench, 1, 21000)
    endpoint = (many - few) / 20000
    wire = (many_size - few_size) / 20000
    some, _ = _allocated(bench, 100, 1)
    more, size = _allocated(bench, 600, 1)
    cluster = (more - some) / 500 - endpoint
    resident, cpu = _whole_process(bench, 1000, 10)
    return [
        Row("whole process, 1,000 clusters of 10 endpoints", "%.1f MB" % (resident / 1e6),
            "processor time: %.0f ms" % (cpu * 1e-6), "", resident / 1e6, at_most=64, unit="MB"),
        Row("memory of an unconnected endpoint", "%.0f B" % endpoint,
            "on the wire: %.0f B" % wire, "", endpoint, at_most=192, unit="B"),
        Row("memory of a cluster", "%.0f B" % cluster,
            "without its endpoint; that on the wire: %d B" % size, "", cluster,
            at_most=4096, unit="B"),
    ]
