"""Reads the BUILD.bazel files of the tree.

A BUILD file here is also a Python program, so it is run with functions that record the rules it
calls in place of Bazel's own.
"""

import collections
import fnmatch
import os

Target = collections.namedtuple("Target", "package name rule attrs")


def _find_files(root, package, patterns):
    base = os.path.join(root, package)
    for folder, folders, names in os.walk(base):
        folders[:] = [f for f in folders if not os.path.exists(os.path.join(folder, f, "BUILD.bazel"))]
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), base)
            if any(fnmatch.fnmatch(path, pattern.replace("**/", "*")) for pattern in patterns):
                yield path


class _BuildFile(dict):
    """The globals of a BUILD file: every unknown name is a rule that records its calls."""

    def __init__(self, root, package):
        super().__init__()
        self.targets = []
        self._package = package
        self["__builtins__"] = {}
        for function in (dict, enumerate, len, list, range, sorted, str, tuple, zip):
            self[function.__name__] = function
        for ignored in ("load", "package", "exports_files", "licenses"):
            self[ignored] = lambda *args, **kwargs: None
        self["glob"] = lambda include, exclude=(), **kwargs: sorted(
            set(_find_files(root, package, include)) - set(_find_files(root, package, exclude))
        )
        self["select"] = lambda branches, **kwargs: [
            value for values in branches.values() for value in values
        ]

    def __missing__(self, rule):
        def record(*args, **attrs):
            self.targets.append(Target(self._package, attrs.get("name", ""), rule, attrs))

        return record


def packages(root, folders):
    """Yields the packages (folders with a BUILD.bazel) in and below `folders` of `root`."""
    for top in folders:
        for folder, names, files in os.walk(os.path.join(root, top)):
            names.sort()
            if "BUILD.bazel" in files:
                yield os.path.relpath(folder, root)


def read_targets(root, folders):
    """Returns the Targets of all packages in and below `folders` of `root`."""
    targets = []
    for package in packages(root, folders):
        path = os.path.join(root, package, "BUILD.bazel")
        scope = _BuildFile(root, package)
        with open(path, encoding="utf-8") as build_file:
            exec(compile(build_file.read(), path, "exec"), scope)  # pylint: disable=exec-used
        targets += scope.targets
    return targets


def files_of(target, *attributes):
    """Returns the files of the tree that `target` names in its `attributes`, from the root."""
    paths = []
    for attribute in attributes:
        for label in target.attrs.get(attribute) or []:
            if label.startswith(":") or label.startswith("@"):
                continue
            if label.startswith("//"):
                paths.append(label[2:].replace(":", "/"))
            else:
                paths.append(os.path.join(target.package, label))
    return paths
