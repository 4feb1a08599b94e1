#!/usr/bin/env bash
# One seed is one history in every process: $1, the simulation, has the same hashes twice.
set -euo pipefail

hashes() {
  # Not as a shard of a test: everything.
  env -u TEST_TOTAL_SHARDS -u TEST_SHARD_INDEX -u GTEST_TOTAL_SHARDS "$1" --seeds=3 --hashes
}

first=$(hashes "$1")
second=$(hashes "$1")
if [ -z "$first" ] || [ "$first" != "$second" ]; then
  diff <(echo "$first") <(echo "$second") || true
  echo "FAIL: the same seeds have other traces in another process"
  exit 1
fi
echo "$(wc -l <<<"$first") traces are the same"
