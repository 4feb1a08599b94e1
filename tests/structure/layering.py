#!/usr/bin/python3
"""Checks the includes of the tree against docs/layers.md, and the sources for banned calls.

Usage: layering.py [ROOT]

Prints a line for each breach, and exits with 1 if there is one.
"""

import collections
import os
import re
import sys

TABLE = "docs/layers.md"
DOOR = "mesh/mesh.h"
TESTING = "tests/testing/"
TOP_FOLDERS = ("balancer", "bindings", "examples", "mesh", "resolver", "tests")

# Two folders that must not know each other, whichever way the layers point.
STRANGERS = (("balancer/", "resolver/"), ("mesh/xds/resources/", "mesh/wire/"))

# The rows that see of the tree only the door and what it includes.
OUTSIDERS = ("bindings/", "examples/", "mesh/tools/")

# Headers' names -> the word in the table's third column; the first that fits.
THIRD_PARTY = (
    (r"grpcpp/impl/(codegen/)?(channel_interface|call|call_op_set_interface|rpc_method)\.h", "grpc-channel"),
    (r"(grpcpp|grpc|grpc\+\+)/impl/|src/core/", "grpc-internal"),
    (r"(grpcpp|grpc|grpc\+\+)/", "grpc"),
    (r"absl/", "absl"),
    (r"re2/", "re2"),
    (r"google/protobuf/", "protobuf"),
    (r"openssl/", "openssl"),
    (r"ares(_\w+)?\.h", "c-ares"),
    (r"yaml-cpp/", "yaml"),
    (r"xxhash\.h", "xxhash"),
    (r"pybind11/", "pybind11"),
    (r"(gtest|gmock)/", "googletest"),
    (r"benchmark/", "benchmark"),
    (r"valgrind/", "valgrind"),
)

Row = collections.namedtuple("Row", "layer path third_party")

# A call that is banned in files that fit `where` and do not fit `unless`.
Ban = collections.namedtuple("Ban", "call where unless reason")

_LIBRARY = r"(mesh|balancer|resolver)/"
_EVERYWHERE = r""
_PROGRAMS = r"mesh/tools/|examples/"
_BANS = tuple(
    Ban(re.compile(call), re.compile(where), re.compile(unless) if unless else None, reason)
    for call, where, unless, reason in (
        (r"\babsl::Now\s*\(", _EVERYWHERE, _PROGRAMS, "take the time from the injected mesh::Clock"),
        (r"\b(system|steady|high_resolution)_clock::now\b", _LIBRARY, _PROGRAMS + r"|mesh/(base|wire)/",
         "take the time from the injected mesh::Clock (mesh/wire/ gives gRPC its deadlines)"),
        (r"\b(secure_)?getenv\b", _LIBRARY, r"mesh/options\w*\.cc$", "only Options::FromEnvironment reads the environment"),
        (r"\bstd::(cerr|cout|clog)\b|\b(v|f)?printf\s*\(|\bperror\s*\(|\bfputs\s*\(", _LIBRARY, _PROGRAMS,
         "a library writes nothing on its host's terminal: use mesh::Log"),
        (r"\babsl::(Mutex|MutexLock|CondVar)\b", _EVERYWHERE, None,
         "use mesh::Mutex: ThreadSanitizer does not see absl::Mutex in an uninstrumented Abseil"),
        (r"\bstd::(recursive_|shared_|timed_)?mutex\b", _LIBRARY, r"mesh/base/mutex\.h$|" + _PROGRAMS,
         "use mesh::Mutex, which clang's thread-safety analysis understands"),
        (r"\b(sleep_for|sleep_until|absl::SleepFor|usleep|nanosleep)\b", _LIBRARY + r"|tests/", r"tests/(bench|interop|consumers)/|tests/testing/echo_service\.cc$|" + _PROGRAMS,
         "wait for the event, or move a fake clock (only the echo server is slow when asked)"),
        (r"\b(std::)?(abort|exit|quick_exit|_Exit|terminate)\s*\(\s*\w*\s*\)", _LIBRARY, _PROGRAMS, "never end the host's process: return a status"),
        (r"\brandom_device\b", _LIBRARY, r"mesh/base/random\w*\.", "take randomness from the injected mesh::Random"),
    )
)

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
_NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL
)
_ROW = re.compile(r"^\| (\d+) \| `([^`]+)` \| ([^|]*) \|", re.MULTILINE)


def read_table(root):
    with open(os.path.join(root, TABLE), encoding="utf-8") as table:
        rows = [
            Row(int(layer), path, frozenset(words.split()))
            for layer, path, words in _ROW.findall(table.read())
        ]
    if len(rows) < 2:
        raise ValueError("%s: no table of layers" % TABLE)
    return sorted(rows, key=lambda row: -len(row.path))


def row_of(rows, path):
    for row in rows:
        if path.startswith(row.path):
            return row
    return None


def folder_of(rows, path):
    """Returns the path of the longest row of `path` that is a folder."""
    return row_of([row for row in rows if row.path.endswith("/")], path).path


def without_comments(text):
    """Blanks comments and literals, and keeps the line breaks."""

    def blank(match):
        return "\n" * match.group().count("\n") or " "

    return _NOT_CODE.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


class Tree:
    """The sources below a root, with their includes. Immutable."""

    def __init__(self, root):
        self.texts = {}
        for top in TOP_FOLDERS:
            for folder, folders, names in os.walk(os.path.join(root, top)):
                folders.sort()
                for name in sorted(names):
                    if name.endswith((".h", ".cc")):
                        path = os.path.join(folder, name)
                        with open(path, encoding="utf-8") as source:
                            self.texts[os.path.relpath(path, root)] = source.read()
        self._root = root

    def includes(self, path):
        """Yields (line, name, quoted) of each include of `path`."""
        text = self.texts[path]
        for match in _INCLUDE.finditer(text):
            yield line_of(text, match.start()), match.group(2), match.group(1) == '"'

    def resolve(self, name):
        """Returns what of the tree `name` stands for: a file, or the .proto it is made from."""
        if name in self.texts:
            return name
        stem = re.sub(r"(_mock)?(\.grpc)?\.pb\.h$", "", name)
        if stem != name and os.path.exists(os.path.join(self._root, stem + ".proto")):
            return stem + ".proto"
        return None

    def door(self):
        """Returns the public headers: the door and all of the tree that it includes."""
        seen, todo = set(), [DOOR]
        while todo:
            path = todo.pop()
            if path in self.texts and path not in seen:
                seen.add(path)
                todo += [name for _, name, quoted in self.includes(path) if quoted]
        return seen


def third_party_of(name):
    for pattern, word in THIRD_PARTY:
        if re.match(pattern, name):
            return word
    return None


def check_third_party(row, name):
    word = third_party_of(name)
    if word is None or "all" in row.third_party or word in row.third_party:
        return None
    return "%s may not use %s" % (row.path, word)


def check_arrow(rows, door, source, target):
    """Returns what is wrong with `source` including `target`, both of the tree, or None."""
    here, there = folder_of(rows, source), folder_of(rows, target)
    if here == there:
        return None
    if there == "tests/":
        if here == "examples/" and target.startswith(TESTING):
            return None
        return "only tests and, of tests/testing/, examples may use tests/"
    if here == "tests/":
        return None
    if here in OUTSIDERS:
        return None if target in door else "%s sees only %s and what that includes" % (here, DOOR)
    if {here, there} in [set(pair) for pair in STRANGERS]:
        return "%s and %s do not know each other" % (here, there)
    up, down = row_of(rows, source).layer, row_of(rows, target).layer
    if up > down:
        return None
    if up == down and (here.startswith(there) or there.startswith(here)):
        return None  # a folder and one inside it
    if up == down:
        return "%s and %s are of one layer (%d)" % (here, there, up)
    return "points up, from layer %d to layer %d" % (up, down)


def check_include(tree, rows, door, source, name, quoted):
    row = row_of(rows, source)
    if name.endswith(".grpc.pb.h"):
        wrong = check_third_party(row, "grpcpp/grpcpp.h")
        if wrong:
            return wrong
    target = tree.resolve(name)
    if target is None:
        if quoted and third_party_of(name) is None:
            return "no such file in the tree"
        return check_third_party(row, name)
    if row_of(rows, target) is None:
        return "is in no row of " + TABLE
    wrong = check_arrow(rows, door, source, target)
    if not wrong and target.endswith(".proto") and not {"all", "proto"} & row.third_party:
        wrong = "%s may not use proto" % row.path
    return wrong


def breaches(root):
    """Returns a line for each breach of the rules below `root`."""
    tree, rows = Tree(root), read_table(root)
    door = tree.door()
    found = []
    for source, text in tree.texts.items():
        if row_of(rows, source) is None:
            found.append("%s: is in no row of %s" % (source, TABLE))
            continue
        for line, name, quoted in tree.includes(source):
            wrong = check_include(tree, rows, door, source, name, quoted)
            if wrong:
                found.append("%s:%d: include of %s: %s" % (source, line, name, wrong))
        code = without_comments(text)
        for ban in _BANS:
            if not ban.where.match(source) or (ban.unless and ban.unless.match(source)):
                continue
            for match in ban.call.finditer(code):
                found.append(
                    "%s:%d: %s: %s" % (source, line_of(code, match.start()), match.group().strip(), ban.reason)
                )
    return found


def main():
    here = os.path.dirname(os.path.realpath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(here))
    found = breaches(root)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
