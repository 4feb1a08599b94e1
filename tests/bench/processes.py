"""The programs that the benchmarks are made of; what they obey is written in server.cc, client.cc."""

import json
import os
import subprocess


class LineProcess:
    """A program that answers each line with a line. Killed at the end of a `with`."""

    def __init__(self, arguments, environment=None):
        self.process = subprocess.Popen(
            arguments, env=dict(os.environ, **(environment or {})), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def line(self):
        text = self.process.stdout.readline().strip()
        if not text or text.startswith("error: ") or text.startswith('{"error"'):
            raise RuntimeError("%s: %s" % (self.process.args[0], text or "it ended"))
        return text

    def tell(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Server(LineProcess):
    def __init__(self, binaries):
        super().__init__([os.path.join(binaries, "server")])
        self.control_plane, self.backend = self.line().split()

    def do(self, *words):
        self.tell(*words)
        return self.line()

    def times(self, *words):
        """(nanoseconds, size of the endpoints in bytes)"""
        return tuple(int(number) for number in self.do(*words).split())

    def start_service(self, name="bench", endpoints=1, retry=0, clusters=1):
        self.do("service", name, clusters, retry)
        return self.times("assign", name, clusters, endpoints)

    def environment(self):
        return {"GRPC_XDS_BOOTSTRAP_CONFIG": json.dumps({
            "xds_servers": [{
                "server_uri": self.control_plane,
                "channel_creds": [{"type": "insecure"}],
                "server_features": ["xds_v3"],
            }],
            "node": {"id": "bench"},
        })}


def client_command(binaries, kind, server, target):
    """Kind: `bare`, `bare, no retries`, `bare, intercepted` (idly, no retries), `grpc`, `mesh`."""
    if kind.startswith("bare"):
        target = server.backend
    word = {"bare": "grpc", "bare, no retries": "grpc-noretry",
            "bare, intercepted": "grpc-intercepted"}.get(kind, kind)
    return [os.path.join(binaries, "client"), word, target]


class Client(LineProcess):
    def __init__(self, binaries, kind, server, target="xds:///bench"):
        super().__init__(client_command(binaries, kind, server, target),
                         server.environment())

    def do(self, *words):
        self.tell(*words)
        return self.answer()

    def answer(self):
        return json.loads(self.line())

    def call(self, *words):
        """One call that must have succeeded."""
        result = self.do(*(words or ("call",)))
        if result["server"] not in ("a", "b"):
            raise RuntimeError("a call failed: %s" % result["server"])
        return result
