"""Makes empty unary calls through grpcio's own xds:/// client; see client/main.go, its twin.

Usage: python_client.py TARGET METHOD. Makes as many calls as each line of its standard input says,
and answers each line by one: {"calls":N,"peers":{..},"statuses":{..},"errors":{..}}. The bootstrap
must be in the environment before this starts: grpc reads it when it is imported.
"""

import json
import sys

import grpc

DEADLINE = 5  # seconds


def call(method, count):
    summary = {"calls": count, "peers": {}, "statuses": {}, "errors": {}}
    for _ in range(count):
        try:
            _, done = method.with_call(b"", timeout=DEADLINE)
            status = "OK"
            # A client of grpcio cannot tell its peer; the backend says who it is.
            peer = dict(done.initial_metadata())["served-by"]
            summary["peers"][peer] = summary["peers"].get(peer, 0) + 1
        except grpc.RpcError as error:
            status = error.code().name
            summary["errors"].setdefault(status, error.details())
        summary["statuses"][status] = summary["statuses"].get(status, 0) + 1
    return summary


def main():
    target, name = sys.argv[1:]
    method = grpc.insecure_channel(target).unary_unary(
        name, request_serializer=bytes, response_deserializer=bytes)
    for line in sys.stdin:
        print(json.dumps(call(method, int(line))), flush=True)


if __name__ == "__main__":
    main()
