#!/usr/bin/env python3
"""Writes the README's example, as the README has it, below a folder, at the path that it names.

Usage: readme_example.py README FOLDER
"""

import pathlib
import re
import sys


def main(readme, folder):
    examples = re.findall(r"<!-- (\S+\.cc) -->\n```cpp\n(.*?)```", pathlib.Path(readme).read_text(), re.S)
    if len(examples) != 1:
        sys.exit("%s: %d examples that name their file instead of one" % (readme, len(examples)))
    path = pathlib.Path(folder) / examples[0][0]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(examples[0][1])
    print(path)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
