#!/usr/bin/python3
"""The lists of sources agree, and the check notices a file that is missing from one of them."""

import os
import shutil
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tools", "dev"))

import source_lists  # noqa: E402  pylint: disable=wrong-import-position

BUILD = """
load("@rules_cc//cc:cc_library.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

[cc_library(name = n, srcs = [n + ".cc"], hdrs = [n + ".h"], deps = ["@boringssl//:ssl"]) for n in ["clock", "random"]]

cc_test(name = "clock_test", srcs = ["clock_test.cc"], deps = [":clock"])
"""

SOUND = {
    "mesh/base/BUILD.bazel": BUILD,
    "mesh/base/clock.cc": "",
    "mesh/base/clock.h": "",
    "mesh/base/clock_test.cc": "",
    "mesh/base/random.cc": "",
    "mesh/base/random.h": "",
    "mesh/BUILD.bazel": 'cc_library(name = "mesh", hdrs = ["mesh.h"], deps = ["//mesh/base:clock"])\n',
    "mesh/mesh.h": '#include "mesh/base/clock.h"\n',
    "mesh/tools/BUILD.bazel": 'cc_binary(name = "meshctl", srcs = ["meshctl.cc"])\n',
    "mesh/tools/meshctl.cc": "",
    "mesh/xds/BUILD.bazel": 'proto_library(name = "ads_proto", srcs = ["ads.proto"])\n',
    "mesh/xds/ads.proto": "",
    "balancer/BUILD.bazel": 'cc_library(name = "all", srcs = glob(["*.cc"]))\n',
    "balancer/policy.cc": "",
}


class SourceListsTest(unittest.TestCase):
    def setUp(self):
        self._root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self._root)
        for path, text in SOUND.items():
            self._write(path, text)
        self._write(source_lists.LIST_FILE, source_lists.cmake_text(source_lists.collect(self._root)))

    def _write(self, path, text):
        path = os.path.join(self._root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as source:
            source.write(text)

    def test_the_lists_name_what_the_build_files_name(self):
        lists = source_lists.collect(self._root)
        self.assertEqual(["balancer/policy.cc", "mesh/base/clock.cc", "mesh/base/random.cc"], lists.sources)
        self.assertEqual(["mesh/base/clock.h", "mesh/base/random.h", "mesh/mesh.h"], lists.headers)
        self.assertEqual(["mesh/base/clock.h", "mesh/mesh.h"], lists.public_headers)
        self.assertEqual(["mesh/xds/ads.proto"], lists.protos)
        self.assertEqual(["mesh/tools/meshctl.cc"], lists.tool)
        self.assertEqual(["ssl", "crypto"], lists.libraries)

    def test_a_sound_tree_agrees(self):
        self.assertEqual([], source_lists.disagreements(self._root))

    def test_a_file_that_no_build_file_names(self):
        self._write("mesh/base/new.cc", "")
        self.assertEqual(["mesh/base/new.cc is in no BUILD.bazel"], source_lists.disagreements(self._root))

    def test_a_folder_without_a_build_file(self):
        self._write("resolver/dns/new.h", "")
        self.assertEqual(["resolver/dns/new.h is in no BUILD.bazel"], source_lists.disagreements(self._root))

    def test_a_name_without_a_file(self):
        os.remove(os.path.join(self._root, "mesh/base/random.h"))
        self.assertIn(
            "mesh/base/random.h is in a BUILD.bazel but not on disk", source_lists.disagreements(self._root)
        )

    def test_a_file_that_cmake_lacks(self):
        self._write("mesh/base/new.cc", "")
        self._write("mesh/base/BUILD.bazel", BUILD + 'cc_library(name = "new", srcs = ["new.cc"])\n')
        self.assertEqual(
            ["cmake/sources.cmake lacks mesh/base/new.cc", "cmake/sources.cmake is out of date: run ./dev format"],
            source_lists.disagreements(self._root),
        )

    def test_a_file_that_only_cmake_has(self):
        path = os.path.join(self._root, source_lists.LIST_FILE)
        with open(path, encoding="utf-8") as lists:
            text = lists.read()
        self._write(source_lists.LIST_FILE, text.replace("    mesh/base/clock.cc\n", "    mesh/base/clock.cc\n    mesh/old.cc\n"))
        self.assertIn(
            "cmake/sources.cmake has, without reason, mesh/old.cc", source_lists.disagreements(self._root)
        )

    def test_the_lists_of_this_tree_agree(self):
        found = source_lists.disagreements(ROOT)
        self.assertEqual([], found, "\n" + "\n".join(found))


if __name__ == "__main__":
    unittest.main()
