#!/usr/bin/env bash
# Builds the README's example, as the README has it, in projects of somebody else's, and runs it
# against a control plane and a server on loopback: by find_package and by pkg-config with the
# mesh that is installed in PREFIX; by Bazel with this tree, and with an archive of it.
# Usage: run.sh PREFIX GREETER_WORLD
set -euo pipefail

prefix=$(cd "$1" && pwd)
world=$(realpath "$2")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd -P)
work=$(mktemp -d)
. "$root/tools/dev/common.sh"

clean_up() {
  local workspace
  for workspace in "$work"/bazel-*; do
    [ -d "$workspace" ] || continue
    (cd "$workspace" && bazel_run --output_base="$workspace.out" shutdown >/dev/null 2>&1) || true
  done
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap clean_up EXIT

# Whether program $1, the example, does what the README says.
greets() { timeout 60 "$world" "timeout 30 $1"; }

# Writes the example and its .proto below $1.
write_example() {
  python3 "$here/readme_example.py" "$root/README.md" "$1" >/dev/null
  cp "$root/examples/hello/hello.proto" "$1/examples/hello/"
}

by_find_package() {
  cmake -S "$here/find_package" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" \
    -DSOURCES="$work" >/dev/null
  cmake --build "$work/build" >/dev/null
  greets "$work/build/hello"
}

by_pkg_config() {
  local libdir
  libdir=$(dirname "$(find "$prefix" -name libmesh.a | head -n 1)")
  (
    cd "$work"
    protoc --cpp_out=. --grpc_out=. \
      --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" examples/hello/hello.proto
    export PKG_CONFIG_PATH=$libdir/pkgconfig
    # Split into words on purpose.
    # shellcheck disable=SC2046
    g++ -std=c++17 -I. examples/hello/*.cc -o hello $(pkg-config --cflags --libs mesh)
  )
  greets "$work/hello"
}

# Builds and runs the example in a workspace whose WORKSPACE file comes from standard input. The
# two workspaces build the same mesh, so the second finds it in the cache.
by_bazel() {
  local workspace=$work/bazel-$1
  mkdir "$workspace"
  cp "$here/bazel/.bazelrc" "$workspace/"
  cat >"$workspace/WORKSPACE"
  write_example "$workspace"
  cp "$here/bazel/BUILD.consumer" "$workspace/examples/hello/BUILD.bazel"
  (
    cd "$workspace"
    # In this order, so that the cache of a caller's flags wins.
    BAZEL_FLAGS="--disk_cache=$root/build/consumers-cache ${BAZEL_FLAGS:-}"
    BAZEL_STARTUP_FLAGS="${BAZEL_STARTUP_FLAGS:-} --output_base=$workspace.out"
    bazel_do build //examples/hello
    greets "$(bazel_bin)/examples/hello/hello"
  )
}

by_local_repository() {
  sed "s|@MESH_PATH@|$root|" "$here/bazel/WORKSPACE.local" | by_bazel local
}

by_archive() {
  local archive=$work/mesh.tar.gz
  tar -C "$root" --exclude=./build --exclude=./.git --transform 's|^\.|mesh|' -czf "$archive" .
  sed -e "s|@ARCHIVE@|$archive|" -e "s|@SHA256@|$(sha256sum "$archive" | cut -d ' ' -f 1)|" \
    "$here/bazel/WORKSPACE.archive" | by_bazel archive
}

say "a program that does not greet is noticed"
if greets "echo hi" 2>/dev/null; then die "greeter_world takes any program"; fi
write_example "$work"
for way in find_package pkg_config local_repository archive; do
  say "the README's example by $way"
  start=$SECONDS
  "by_$way"
  say "$way: ok, $((SECONDS - start)) s"
done

say "meshctl"
"$prefix/bin/meshctl" --help >/dev/null
