#!/usr/bin/python3
"""Keeps the lists of sources in agreement: the files on disk, the BUILD files, cmake/sources.cmake.

Usage: source_lists.py --check | --write [--root ROOT]

--write makes cmake/sources.cmake from the BUILD files. --check prints, and exits with 1 for,
  - a source on disk that no BUILD file names, and a name in a BUILD file without a file;
  - a cmake/sources.cmake that differs from what --write would make.
"""

import argparse
import collections
import os
import re
import sys

import build_files

LIBRARY_FOLDERS = ("balancer", "mesh", "resolver")
TOOLS = "mesh/tools"
DOOR = "mesh/mesh.h"
LISTED = (".cc", ".h", ".proto")
LIST_FILE = "cmake/sources.cmake"

# A repository that BUILD files name -> the system's libraries that stand for it. CMake finds
# Abseil, gRPC and Protobuf by itself; xxHash is used as headers only.
SYSTEM_LIBRARIES = {
    "boringssl": ["ssl", "crypto"],
    "com_github_cares_cares": ["cares"],
    "com_github_jbeder_yaml_cpp": ["yaml-cpp"],
    "com_googlesource_code_re2": ["re2"],
}

Sources = collections.namedtuple("Sources", "sources headers public_headers protos tool libraries")

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def read_text(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as source:
        return source.read()


def includes_of(root, path):
    return _INCLUDE.findall(read_text(root, path))


def public_headers(root):
    """Returns the headers of the tree that mesh/mesh.h includes, itself among them, sorted."""
    seen = set()
    todo = [DOOR]
    while todo:
        path = todo.pop()
        if path in seen or not os.path.exists(os.path.join(root, path)):
            continue
        seen.add(path)
        todo += includes_of(root, path)
    return sorted(seen)


def is_tool(target):
    return target.package == TOOLS or target.package.startswith(TOOLS + "/")


def collect(root):
    """Returns the Sources of the library and of meshctl, as the BUILD files have them."""
    sources, headers, protos, tool, libraries = set(), set(), set(), set(), set()
    for target in build_files.read_targets(root, LIBRARY_FOLDERS):
        if target.attrs.get("testonly") or target.rule.endswith("_test"):
            continue
        files = build_files.files_of(target, "srcs", "hdrs", "textual_hdrs")
        if is_tool(target):
            tool.update(f for f in files if f.endswith(".cc"))
        elif target.rule == "cc_library":
            sources.update(f for f in files if f.endswith(".cc"))
            headers.update(f for f in files if f.endswith(".h"))
            for dep in target.attrs.get("deps") or []:
                libraries.update(SYSTEM_LIBRARIES.get(dep.lstrip("@").split("//")[0], []))
        elif target.rule == "proto_library":
            protos.update(f for f in files if f.endswith(".proto"))
    return Sources(
        sorted(sources),
        sorted(headers),
        public_headers(root),
        sorted(protos),
        sorted(tool),
        sorted(libraries, reverse=True),
    )


def cmake_text(lists):
    def cmake_list(name, comment, files):
        lines = ["", "# " + comment, "set(" + name] + ["    " + f for f in files] + [")"]
        return lines

    lines = ["# Made by `./dev format` from the BUILD.bazel files; a test compares the two."]
    lines += cmake_list("MESH_SOURCES", "The library.", lists.sources)
    lines += cmake_list("MESH_HEADERS", "All its headers.", lists.headers)
    lines += cmake_list(
        "MESH_PUBLIC_HEADERS",
        "What %s includes: the headers to install." % DOOR,
        lists.public_headers,
    )
    lines += cmake_list("MESH_PROTOS", "Its protocol buffers.", lists.protos)
    lines += cmake_list("MESHCTL_SOURCES", "The command line tool.", lists.tool)
    lines += cmake_list(
        "MESH_LIBRARIES",
        "The system's libraries that they use, besides Abseil, gRPC and Protobuf.",
        lists.libraries,
    )
    return "\n".join(lines) + "\n"


def files_on_disk(root):
    for top in LIBRARY_FOLDERS:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                if name.endswith(LISTED):
                    yield os.path.relpath(os.path.join(folder, name), root)


def disagreements(root):
    """Returns one line for each place where the three lists disagree."""
    on_disk = set(files_on_disk(root))
    in_build = set()
    for target in build_files.read_targets(root, LIBRARY_FOLDERS):
        in_build.update(
            f
            for f in build_files.files_of(target, "srcs", "hdrs", "textual_hdrs")
            if f.endswith(LISTED)
        )
    found = ["%s is in no BUILD.bazel" % f for f in sorted(on_disk - in_build)]
    found += ["%s is in a BUILD.bazel but not on disk" % f for f in sorted(in_build - on_disk)]

    path = os.path.join(root, LIST_FILE)
    have = read_text(root, LIST_FILE) if os.path.exists(path) else ""
    want = cmake_text(collect(root))
    if have != want:
        have_lines, want_lines = set(have.split("\n")), set(want.split("\n"))
        for line in sorted(want_lines - have_lines):
            found.append("%s lacks %s" % (LIST_FILE, line.strip()))
        for line in sorted(have_lines - want_lines):
            found.append("%s has, without reason, %s" % (LIST_FILE, line.strip()))
        found.append("%s is out of date: run ./dev format" % LIST_FILE)
    return found


def main():
    parser = argparse.ArgumentParser()
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true")
    action.add_argument("--write", action="store_true")
    here = os.path.dirname(os.path.realpath(__file__))
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(here)))
    args = parser.parse_args()
    if args.write:
        text = cmake_text(collect(args.root))
        with open(os.path.join(args.root, LIST_FILE), "w", encoding="utf-8") as out:
            out.write(text)
        return 0
    found = disagreements(args.root)
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
