"""The processes that the interop suite is made of: control plane, backends, clients."""

import json
import os
import subprocess
import time
import urllib.request

BIN = os.environ.get("MESH_INTEROP_BIN", "")
MESHCTL = os.environ.get("MESH_INTEROP_MESHCTL", "")
CALLER = os.environ.get("MESH_INTEROP_CALLER", "")
# Envoy's program; empty: it cannot be had here.
ENVOY = os.environ.get("MESH_INTEROP_ENVOY", "")
# A Python with grpcio; empty: it cannot be had here.
PYTHON = os.environ.get("MESH_INTEROP_PYTHON", "")
METHOD = "/interop.Test/Call"


def get(port, path="/stats"):
    with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=5) as answer:
        return json.load(answer)


def wait_for(what, condition, seconds=15.0):
    """Returns the condition's first true value; fails after that many seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("%s: not within %g s" % (what, seconds))
        time.sleep(0.02)


class Process:
    """A program that says its ports on its first lines. Killed at the end of a `with`."""

    def __init__(self, arguments, environment=None, **keywords):
        merged = dict(os.environ, **(environment or {}))
        self.process = subprocess.Popen(
            arguments, env=merged, stdout=subprocess.PIPE, text=True, **keywords)

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            raise AssertionError("%s ended" % self.process.args[0])
        return text.strip()

    def kill(self):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class Backends(Process):
    """On free ports, or on those of `addresses`, which others had before. They report
    `utilizations` out of band, if there are any."""

    def __init__(self, count, addresses=(), utilizations=()):
        ports = ",".join(address.rsplit(":", 1)[1] for address in addresses)
        super().__init__([os.path.join(BIN, "backend"), "-count", str(count), "-ports", ports,
                          "-utilizations", ",".join(map(str, utilizations))])
        self.addresses = ["127.0.0.1:" + self.line() for _ in addresses or range(count)]
        self.stats_port = int(self.line())

    def stats(self):
        return get(self.stats_port)

    def calls(self):
        return {address: s["calls"] for address, s in self.stats().items()}

    def connections(self):
        return {address: s["connections"] for address, s in self.stats().items()}

    def asked(self):
        """How often each was asked for its load."""
        return {address: s["asked"] for address, s in self.stats().items()}


class ControlPlane(Process):
    def __init__(self, folder, port=0):
        super().__init__(
            [os.path.join(BIN, "controlplane"), "-folder", folder, "-port", str(port)],
            stderr=subprocess.DEVNULL)
        self.port = int(self.line())
        self.stats_port = int(self.line())

    def stats(self):
        return get(self.stats_port)


def bootstrap(port, locality=None):
    return json.dumps({
        "xds_servers": [{
            "server_uri": "127.0.0.1:%d" % port,
            "channel_creds": [{"type": "insecure"}],
            "server_features": ["xds_v3"],
        }],
        "node": {"id": "interop", "locality": locality or {"zone": "a"}},
    })


class Reference(Process):
    """Another project's xDS client, in one process for as long as the test."""

    def __init__(self, name, arguments, port):
        super().__init__(arguments, {"GRPC_XDS_BOOTSTRAP_CONFIG": bootstrap(port)},
                         stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.name = name

    def call(self, count):
        return self.ask("%d" % count)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.line())


def grpc_go(target, port):
    return Reference("grpc-go", [os.path.join(BIN, "client"), "-target", target], port)


def grpcio(target, port):
    client = os.path.join(os.path.dirname(os.path.abspath(__file__)), "python_client.py")
    return Reference("grpcio", [PYTHON, client, target, METHOD], port)


REFERENCES = [grpc_go] + ([grpcio] if PYTHON else [])


class Caller(Process):
    """tests/interop/caller: scripted calls, each with who answered."""

    def __init__(self, kind, argument, port=0, locality=None, local_cluster=None):
        """`kind`: "mesh" with a profile and the control plane's port, "proxy" with an address."""
        environment = {"GRPC_XDS_BOOTSTRAP_CONFIG": bootstrap(port, locality)} if port else {}
        arguments = [CALLER, kind, argument] + ([local_cluster] if local_cluster else [])
        super().__init__(arguments, environment, stdin=subprocess.PIPE)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.line())
        if answer.get("error"):
            raise AssertionError("%s: %s" % (line, answer["error"]))
        return answer

    def settle(self, service):
        self.ask("settle " + service)

    def keys(self, service, count, prefix):
        """Who answers the calls of each key, in order; all must be answered."""
        answer = self.ask("keys %s %d %s" % (service, count, prefix))
        return [server if status == 0 else "status %d" % status
                for server, status in zip(answer["servers"], answer["statuses"])]

    def call(self, service, count, depth):
        """The same of plain calls; with more than one at a time in no order that means much."""
        answer = self.ask("call %s %d %d" % (service, count, depth))
        return [server if status == 0 else "status %d" % status
                for server, status in zip(answer["servers"], answer["statuses"])]

    def one(self, service, **metadata):
        """Who answered one call, and its status."""
        words = ["%s=%s" % (key.replace("_", "-"), value) for key, value in metadata.items()]
        answer = self.ask(" ".join(["call", service, "1", "1", *words]))
        return answer["servers"][0], answer["statuses"][0]


class Meshctl(Process):
    """`meshctl call` in the background."""

    def __init__(self, target, port, *flags, profile="grpc"):
        super().__init__(
            [MESHCTL, "call", target, METHOD, "--json", "--profile", profile, *flags],
            {"GRPC_XDS_BOOTSTRAP_CONFIG": bootstrap(port)})

    def summary(self, seconds=60):
        out, _ = self.process.communicate(timeout=seconds)
        return json.loads(out.strip().splitlines()[-1])

    def cpu_seconds(self):
        with open("/proc/%d/stat" % self.process.pid) as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def mesh_call(target, port, count, *flags, profile="grpc"):
    with Meshctl(target, port, "--count", str(count), *flags, profile=profile) as client:
        return client.summary()
