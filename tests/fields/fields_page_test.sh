#!/bin/sh
# The page of fields is up to date: $1 is the tool that prints it, $2 is the page.
"$1" --markdown | diff "$2" - && exit 0
echo "docs/fields.md is not what the declarations say: bazel run //tests/fields:decode_tool -- --markdown >docs/fields.md"
exit 1
