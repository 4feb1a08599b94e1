#!/usr/bin/env python3
"""The README's example is the file that it names, which the build compiles; its links lead somewhere."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    text = (ROOT / "README.md").read_text()
    failures = []
    examples = re.findall(r"<!-- (\S+) -->\n```cpp\n(.*?)```", text, re.S)
    if not examples:
        failures.append("README.md: no example that names its file")
    for path, code in examples:
        if (ROOT / path).read_text() != code:
            failures.append("README.md: the example differs from %s" % path)
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    if not links:
        failures.append("README.md: no link")
    for link in links:
        if not (ROOT / link).exists():
            failures.append("README.md: %s is not there" % link)
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
