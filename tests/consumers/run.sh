#!/usr/bin/env bash
# Builds and runs main.cc against the mesh that is installed in PREFIX, by find_package and by
# pkg-config; runs the installed meshctl. Usage: run.sh PREFIX
set -euo pipefail

prefix=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
libdir=$(dirname "$(find "$prefix" -name libmesh.a | head -n 1)")

echo "find_package(mesh)"
cmake -S "$here/find_package" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
cmake --build "$work/build" >/dev/null
"$work/build/consumer"

echo "pkg-config mesh"
flags=$(PKG_CONFIG_PATH=$libdir/pkgconfig pkg-config --cflags --libs mesh)
# Split into words on purpose.
# shellcheck disable=SC2086
g++ -std=c++17 "$here/main.cc" -o "$work/consumer" $flags
"$work/consumer"

echo "meshctl"
"$prefix/bin/meshctl" --help >/dev/null
