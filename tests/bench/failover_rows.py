"""Rows about an endpoint that fails: one of three processes is killed, or frozen, while 30 callers
call without a pause."""

import contextlib
import os
import signal
import time

import envoy
from arithmetic import Row, outage
from processes import Client, Server

_CALLERS = 30
_FAULTS = {"killed": signal.SIGKILL, "frozen": signal.SIGSTOP}
# Of `service`. By default three retries may be in flight, fewer than the callers; Istio, whose
# sidecars are those below, sets no limit.
_RETRY = {"mesh, retries": 1, "mesh, retries, no limits": 2}
# What a sidecar is told. The first is as Istio has it.
_SIDECARS = {
    "envoy, outlier detection, 2 retries":
        {"outlier_detection": envoy.OUTLIER_DETECTION, "retries": envoy.RETRIES},
    "envoy, outlier detection": {"outlier_detection": envoy.OUTLIER_DETECTION},
    "envoy, outlier detection of all, timeout 0.9 s":
        {"outlier_detection": dict(envoy.OUTLIER_DETECTION, max_ejection_percent=100),
         "timeout": "0.9s"},
}


def _suffer(bench, fault, style, client, victim):
    """What the callers see of the fault."""
    client.call()
    time.sleep(0.3)  # connects to all three
    client.do("sync", 60)
    before, after = (500, 2600) if bench.quick else (1000, 6000)
    client.tell("crowd", style, _CALLERS, before + after)
    time.sleep(before / 1000)
    began = time.monotonic_ns()
    os.kill(victim.process.pid, _FAULTS[fault])
    return outage(client.answer()["calls"], began)


def _through(bench, path, fault, style, program):
    """`path` is `mesh`, alone or with retries, `grpc`, or one of the sidecars."""
    with contextlib.ExitStack() as stack:
        backends = [stack.enter_context(Server(bench.binaries)) for _ in range(3)]
        addresses = [backend.backend for backend in backends]
        server = stack.enter_context(Server(bench.binaries))
        server.do("service", "bench", 1, _RETRY.get(path, 0))
        server.do("endpoints", "bench", *addresses)
        kind, target = path.split(",")[0], "xds:///bench"
        if path in _SIDECARS:
            sidecar = envoy.Envoy(program, envoy.configuration(addresses, **_SIDECARS[path]))
            target = stack.enter_context(sidecar).address
            kind = "grpc"
        client = stack.enter_context(Client(bench.binaries, kind, server, target))
        return _suffer(bench, fault, style, client, backends[1])


def failover_rows(path, fault, style, result):
    """What is asked of the mesh has an aim: as it is by default when an endpoint is killed, no call
    fails that policy allows to be made again; when one is frozen, fewer than 30 fail, and within a
    second it is over."""
    what = "failover, %s, %s, %s" % (fault, path, style)
    clean = "never" if result.clean is None else "%.2f s" % result.clean
    is_mesh = path.startswith("mesh")
    rows = [Row(what, "%d of %d failed" % (result.failed, result.calls),
                "over 100 ms: %.2f %%, after 2 s: %.2f %%" % (
                    100 * result.slow_share, 100 * result.late_slow_share),
                "clean: %s; over: %.2f s" % (clean, result.over), result.failed,
                at_most={"killed": 0, "frozen": 29}[fault] if is_mesh else None, unit="failed")]
    if is_mesh and fault == "frozen":
        rows.append(Row(what + ": clean after", clean, "", "",
                        result.span if result.clean is None else result.clean, at_most=1, unit="s"))
        rows.append(Row(what + ": over 100 ms after 2 s", "%.2f %%" % (100 * result.late_slow_share),
                        "", "", 100 * result.late_slow_share, at_most=0, unit="%"))
    return rows


def failover(bench):
    """Nothing is configured for it, but for a retry policy where the path says so, and what the
    sidecars are told."""
    paths = ["mesh", *_RETRY, "grpc"]
    rows = []
    program = envoy.fetch(os.path.join("build", "bench"))
    if program is None:
        rows.append(Row("failover, envoy", "not measured: Envoy cannot be had here"))
    else:
        paths += list(_SIDECARS)[:1] if bench.quick else list(_SIDECARS)
    for style in ("sync",) if bench.quick else ("sync", "callback"):
        for fault in _FAULTS:
            for path in paths:
                result = _through(bench, path, fault, style, program)
                bench.keep("failover, %s, %s, %s" % (fault, path, style), vars(result))
                rows += failover_rows(path, fault, style, result)
    return rows
