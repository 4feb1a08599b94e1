#!/usr/bin/env bash
# The last line and the exit code of the runner ($1), on a folder of good rows ($2) and on others.
set -uo pipefail

runner=$1 data=$2
failed=0
bad=$TEST_TMPDIR/bad
mkdir -p "$bad"
cat >"$bad/weighted_pick.json" <<'JSON'
[{"id": "good", "input": {"weights": [1, 2], "picks": 3}, "expected": {"sequence": [1, 0, 1]}},
 {"id": "bad", "input": {"weights": [1, 2], "picks": 3}, "expected": {"sequence": [1, 1, 1]}}]
JSON

# Runs the runner with "${@:3}": it must exit with $1, and its last line match $2.
expect() {
  local code=$1 line=$2 output status=0
  shift 2
  output=$("$runner" "$@" 2>&1) || status=$?
  if [ "$status" != "$code" ] || ! tail -n 1 <<<"$output" | grep -qE "$line"; then
    echo "vectors_runner $*: exit code $status, not $code, or last line not \"$line\":"
    echo "$output"
    failed=1
  fi
}

expect 0 '^[1-9][0-9]+ passed, 0 failed$' "$data"
expect 1 '^1 passed, 1 failed$' "$bad"
expect 1 '^0 passed, 1 failed$' "$bad/nowhere"
expect 2 '^usage: '
exit "$failed"
