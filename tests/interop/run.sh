#!/usr/bin/env bash
# The interop suite, for `./dev interop`, which has built meshctl (in $MESH_BIN) and found a Go that
# is new enough ($GO). Builds the Go peers, then runs interop_test.py; arguments go to unittest.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
bin=$here/../../build/interop

mkdir -p "$bin"
echo "building the Go peers"
(cd "$here" && GOFLAGS=-mod=readonly "$GO" build -o "$bin/" ./controlplane ./backend ./client)

export MESH_INTEROP_BIN=$bin MESH_INTEROP_MESHCTL=$MESH_BIN/mesh/tools/meshctl
export PYTHONDONTWRITEBYTECODE=1
cd "$here"
exec /usr/bin/python3 interop_test.py "$@"
