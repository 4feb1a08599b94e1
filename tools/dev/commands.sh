# shellcheck shell=bash
# The commands of ./dev: cmd_NAME each.

python=/usr/bin/python3

cmd_demo() {
  need build bazel
  say "building the demo"
  bazel_do build //examples/demo:demo
  local bin
  bin=$(bazel_bin)
  say "running the demo; it ends by itself within a minute"
  exec "$bin/examples/demo/demo" "$@"
}

# Runs `bazel test $@`, then prints how many test cases passed.
run_tests() {
  local events status=0
  events=$(mktemp)
  bazel_do test --keep_going --build_event_json_file="$events" "$@" || status=$?
  "$python" tools/dev/count_tests.py "$events" "$status" || status=1
  rm -f "$events"
  return "$status"
}

cmd_test() {
  need build bazel
  [ $# -gt 0 ] || set -- //...
  say "running the tests: $*"
  run_tests "$@"
}

cmd_asan() {
  need build bazel clang runtime
  [ $# -gt 0 ] || set -- //...
  say "running the tests under AddressSanitizer and UBSan: $*"
  run_tests --config=asan --build_tests_only --test_tag_filters=-noasan "$@"
}

# Prints the C++ tests that link no gRPC: gRPC's and Protobuf's own locks are invisible to
# ThreadSanitizer in Debian's uninstrumented libraries.
tests_without_grpc() {
  bazel_run query --noshow_progress \
    "kind(cc_test, //...) except rdeps(//..., '@com_github_grpc_grpc//:grpc++')
     except attr(tags, '[\[ ](manual|notsan)[,\]]', //...)"
}

cmd_tsan() {
  need build bazel clang runtime
  local targets=("$@")
  [ $# -gt 0 ] || mapfile -t targets < <(tests_without_grpc)
  [ ${#targets[@]} -gt 0 ] || die "there is no test without gRPC, or the query for them failed"
  say "running ${#targets[@]} tests under ThreadSanitizer"
  run_tests --config=tsan "${targets[@]}"
}

# Whether clang can link its fuzzer and both sanitizers.
can_fuzz() {
  (need clang runtime) || return 1
  clang++ -x c++ -fsanitize=fuzzer,address,undefined -o /dev/null - <<'CODE' 2>/dev/null
#include <cstddef>
extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, size_t) { return 0; }
CODE
}

# Exit code 77: skipped, because clang's fuzzer is not there.
cmd_fuzz() {
  local seconds=60 targets=()
  if [[ ${1:-} =~ ^[0-9]+$ ]]; then
    seconds=$1
    shift
  fi
  mapfile -t targets < <(cd tests/fuzz && printf '%s\n' *_fuzz.cc | sed 's/_fuzz\.cc$//')
  [ $# -eq 0 ] || targets=("$@")
  need build bazel
  if ! can_fuzz; then
    say "skipped: fuzzing needs clang with libFuzzer (Debian's clang and libclang-rt-14-dev)"
    return 77
  fi
  say "building the fuzzers"
  local labels=("${targets[@]/%/_fuzzer}" planted_fuzzer)
  bazel_do build --config=fuzz "${labels[@]/#///tests/fuzz:}"
  say "fuzzing, $seconds s each: ${targets[*]}"
  bash tests/fuzz/run.sh "$(bazel_bin --config=fuzz)/tests/fuzz" "$seconds" "${targets[@]}"
}

cmd_install() {
  [ $# -eq 1 ] || die "usage: ./dev install PREFIX"
  local prefix=$1 build=$root/build/release jobs
  case $prefix in /*) ;; *) prefix=$caller/$prefix ;; esac
  need build cmake
  jobs=$(nproc)
  say "building with CMake, optimised, in build/release"
  cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$prefix" >&2
  cmake --build "$build" --parallel "$jobs" >&2
  say "installing in $prefix"
  cmake --install "$build" >/dev/null
  say "installed: use find_package(mesh) or pkg-config mesh"
}

cmd_consumers() {
  local prefix=$root/build/prefix
  need build bazel cmake
  rm -rf "$prefix"
  cmd_install "$prefix"
  say "building the world of the README's example"
  bazel_do build //tests/consumers:greeter_world
  bash tests/consumers/run.sh "$prefix" "$(bazel_bin)/tests/consumers/greeter_world"
}

cmd_bench() {
  need build bazel bench
  [ -f tests/bench/run.py ] || die "tests/bench/run.py is not there"
  say "building the benchmarks, optimised"
  bazel_do build --config=opt //tests/bench/... //mesh/tools/...
  MESH_BIN=$(bazel_bin --config=opt) exec "$python" tests/bench/run.py "$@"
}

# Prints the path of a Go of version $1 (a minor number of Go 1) or newer; fails without one.
find_go() {
  local go version minor
  for go in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go/bin/go /usr/lib/go-1.*/bin/go; do
    [ -x "$go" ] || continue
    version=$(GOTOOLCHAIN=local "$go" env GOVERSION 2>/dev/null) || continue
    minor=${version#go1.}
    minor=${minor%%[!0-9]*}
    if [ "${minor:-0}" -ge "$1" ]; then
      printf '%s\n' "$go"
      return 0
    fi
  done
  return 1
}

# Fetches the Go modules that tests/interop names, with Go at $1.
fetch_go_modules() {
  local module
  while read -r module; do
    (cd "$(dirname "$module")" && GOTOOLCHAIN=local timeout 300 "$1" mod download) || return 1
  done < <(find tests/interop -name go.mod)
}

# Exit code 77: skipped, because this machine lacks something that apt does not have.
cmd_interop() {
  need build bazel interop
  local go
  [ -f tests/interop/run.sh ] || die "tests/interop/run.sh is not there"
  if ! go=$(find_go 25); then
    say "skipped: interop needs Go 1.25 or newer, which Debian 12 does not have"
    return 77
  fi
  say "fetching Go modules"
  if ! fetch_go_modules "$go"; then
    say "skipped: interop's Go modules could not be fetched from here"
    return 77
  fi
  say "building meshctl and the interop clients"
  bazel_do build //mesh/tools/... //tests/interop/xds_interop_client //tests/interop/caller
  MESH_BIN=$(bazel_bin) GO=$go GOTOOLCHAIN=local exec bash tests/interop/run.sh "$@"
}

# Exit code 77: skipped, because the package of the official messages cannot be had here.
cmd_fields() {
  need build bazel fields
  say "building the decoders' tool"
  bazel_do build //tests/fields:decode_tool
  exec bash tests/fields/run.sh "$(bazel_bin)/tests/fields/decode_tool"
}

cmd_vectors() {
  [ $# -le 1 ] || die "usage: ./dev vectors [DIR]"
  local dir=${1:-$root/tests/vectors/data}
  case $dir in /*) ;; *) dir=$caller/$dir ;; esac
  need build bazel
  say "building the runner of vectors, optimised"
  bazel_do build --config=opt //tests/vectors:vectors_runner
  exec "$(bazel_bin --config=opt)/tests/vectors/vectors_runner" "$dir"
}

# Exit code 77: skipped, because the headers cannot be had here.
cmd_compat() {
  need build fields
  say "compiling what includes gRPC against the headers of later versions"
  exec "$python" tests/compat/run.py "$@"
}

our_sources() {
  local folders=(examples mesh balancer resolver tests)
  [ ! -d bindings ] || folders+=(bindings)
  find "${folders[@]}" \( -name '*.h' -o -name '*.cc' \) -type f -print0
}

# Runs "$@" and says by name whether it passed.
check() {
  local name=$1
  shift
  if "$@"; then
    say "lint: $name: ok"
  else
    say "lint: $name: FAILED"
    return 1
  fi
}

format_is_clean() {
  local complaints
  complaints=$(our_sources | xargs -0 -r clang-format --dry-run -Werror 2>&1) && return
  grep -oE '^[^: ]+:[0-9]+' <<<"$complaints" | sort -u -t: -k1,1 | sed 's/$/: run .\/dev format/'
  return 1
}

clang_is_clean() { bazel_do build --keep_going --config=lint //...; }

cmd_lint() {
  local failed=0
  case ${1:-full} in
    full) need build bazel clang format ;;
    quick) need build format ;;
    *) die "usage: ./dev lint [quick]" ;;
  esac
  check layering "$python" tests/structure/layering.py || failed=1
  check "source lists" "$python" tools/dev/source_lists.py --check || failed=1
  check format format_is_clean || failed=1
  if [ "${1:-full}" = full ]; then
    say "compiling everything with clang, -Wthread-safety and -Werror"
    check clang clang_is_clean || failed=1
  fi
  return "$failed"
}

cmd_format() {
  need format build
  our_sources | xargs -0 -r clang-format -i
  "$python" tools/dev/source_lists.py --write
  say "formatted; cmake/sources.cmake is up to date"
}
