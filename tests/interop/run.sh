#!/usr/bin/env bash
# The interop suite, for `./dev interop`, which has built meshctl, xds_interop_client and caller (in
# $MESH_BIN) and found a Go that is new enough ($GO). Builds the Go peers, has grpc-go's own
# end-to-end harness drive xds_interop_client, fetches grpcio and Envoy, then runs the *_test.py
# here; arguments go to unittest in their place. Without grpcio or Envoy their parts are skipped, by
# name.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
bin=$here/../../build/interop

mkdir -p "$bin"
echo "building the Go peers"
(cd "$here" && GOFLAGS=-mod=readonly "$GO" build -o "$bin/" ./controlplane ./backend ./client ./testserver)

# The harness skips, green, what it does not find: only `--- PASS` counts. (Its other test, Affinity,
# needs hash policies.)
echo "grpc-go's harness, TestPingPong, drives xds_interop_client"
log=$bin/harness.log
(cd "$here" && GOFLAGS=-mod=readonly timeout 300 "$GO" test \
  google.golang.org/grpc/internal/xds/test/e2e -count=1 -v -run '^TestPingPong$' \
  -client="$MESH_BIN/tests/interop/xds_interop_client/xds_interop_client" \
  -server="$(realpath "$bin")/testserver") >"$log" 2>&1 || true
if ! grep -q '^--- PASS: TestPingPong ' "$log"; then
  cat "$log"
  echo "grpc-go's harness: no \"--- PASS: TestPingPong\""
  exit 1
fi
grep '^--- ' "$log"

readonly grpcio=grpcio==1.85.1
venv=$here/../../build/interop-venv
echo "fetching $grpcio"
MESH_INTEROP_PYTHON=
if /usr/bin/python3 -m venv "$venv" &&
  "$venv/bin/pip" install --quiet --disable-pip-version-check "$grpcio"; then
  MESH_INTEROP_PYTHON=$venv/bin/python
else
  echo "skipped: $grpcio cannot be had here"
fi
export MESH_INTEROP_PYTHON

echo "fetching Envoy"
build=$(realpath "$here/../../build")
MESH_INTEROP_ENVOY=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../bench /usr/bin/python3 -c \
  'import sys, envoy; print(envoy.fetch(sys.argv[1]) or "")' "$build")
[ -n "$MESH_INTEROP_ENVOY" ] || echo "skipped: Envoy cannot be had here"
export MESH_INTEROP_ENVOY

export MESH_INTEROP_BIN=$bin MESH_INTEROP_MESHCTL=$MESH_BIN/mesh/tools/meshctl
export MESH_INTEROP_CALLER=$MESH_BIN/tests/interop/caller/caller
export PYTHONDONTWRITEBYTECODE=1
cd "$here"
[ $# -gt 0 ] || set -- interop_test failover_test load_reports_test hash_test shares_test zones_test outlier_test
exec /usr/bin/python3 -m unittest --verbose "$@"
