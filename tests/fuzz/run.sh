#!/usr/bin/env bash
# Runs fuzzers, two at a time, each for so many seconds, from seeds that they write themselves and
# from what earlier runs here found; then one with a mistake planted in it, which must be found.
# Usage: run.sh BIN_FOLDER SECONDS [TARGET...]
set -euo pipefail

bin=$1 seconds=$2
shift 2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$root/tools/dev/common.sh"
here=$root/build/fuzz
# What one input may take: the bounds of the largest that a control plane can send are tested
# elsewhere (tests/faults/).
readonly limits=(-timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256)
# The entropic schedule spends two thirds of the time on its own bookkeeping here.
readonly schedule=-entropic=0
readonly planted_runs=50000

# Makes folders for target $1 and writes its seeds.
prepare() {
  mkdir -p "$here/$1/corpus" "$here/$1/seeds" "$here/$1/crashes"
  "$bin/$1_fuzzer" --write_seeds="$here/$1/seeds"
}

# Prints a figure of libFuzzer's final statistics in log $1.
stat_of() { sed -n "s/^stat::$2: *//p" "$1"; }

run_target() {
  local target=$1 folder=$here/$1 log=$here/$1/log status=0 crash
  prepare "$target"
  "$bin/${target}_fuzzer" "$folder/corpus" "$folder/seeds" -max_total_time="$seconds" \
    "${limits[@]}" $schedule -print_final_stats=1 -artifact_prefix="$folder/crashes/" >"$log" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    say "fuzz: $target: $(stat_of "$log" number_of_executed_units) inputs, $(stat_of "$log" average_exec_per_sec) a second: nothing found"
    return 0
  fi
  grep -E '^broken:|ERROR:|runtime error:|SUMMARY:|^ *#[0-9]+ .* in mesh::' "$log" | head -n 30 >&2
  crash=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  say "fuzz: $target: FOUND SOMETHING (exit code $status); $log has all of it"
  [ -z "$crash" ] || say "fuzz: replay with: $bin/${target}_fuzzer $crash"
  return 1
}

# The mistake is behind the decoder's checks, so a fuzzer that finds it gets past them.
check_planted() {
  local folder=$here/planted log=$here/planted/log status=0
  rm -rf "$folder"
  prepare planted
  "$bin/planted_fuzzer" "$folder/corpus" "$folder/seeds" -seed=1 -runs=$planted_runs \
    "${limits[@]}" $schedule -print_final_stats=1 -artifact_prefix="$folder/crashes/" >"$log" 2>&1 || status=$?
  if [ "$status" -eq 0 ] || ! grep -q 'SUMMARY: AddressSanitizer: .*assignment_fuzz' "$log"; then
    say "fuzz: the planted mistake was NOT found in $planted_runs inputs; see $log"
    return 1
  fi
  say "fuzz: the planted mistake was found after $(stat_of "$log" number_of_executed_units) inputs"
}

targets=("$@")
failed=0
running=()
for target in "${targets[@]}" planted; do
  if [ "$target" = planted ]; then check_planted & else run_target "$target" & fi
  running+=($!)
  [ ${#running[@]} -ge 2 ] || continue
  wait "${running[0]}" || failed=1
  running=("${running[@]:1}")
done
for process in "${running[@]}"; do wait "$process" || failed=1; done
exit "$failed"
