#!/usr/bin/env bash
# Holds the decoders to their declarations with the official messages. Usage: run.sh DECODE_TOOL
# Exit code 77: the package with those messages cannot be had here.
set -euo pipefail
tool=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"
readonly packages=(xds-protos==1.85.0 protobuf==7.36.2 grpcio==1.85.3)
venv=../../build/fields-venv

/usr/bin/python3 -m venv "$venv"
if ! "$venv/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"; then
  echo "skipped: ${packages[*]} cannot be had here"
  exit 77
fi
PYTHONDONTWRITEBYTECODE=1 "$venv/bin/python" fields_test.py "$tool"
