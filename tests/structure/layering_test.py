#!/usr/bin/python3
"""The tree keeps to docs/layers.md, and the check notices each kind of breach."""

import os
import shutil
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)

import layering  # noqa: E402  pylint: disable=wrong-import-position

SOUND = {
    "mesh/base/clock.h": '#include "absl/time/time.h"\n',
    "mesh/base/random.h": "#include <random>\n",
    "mesh/model/route.h": '#include "mesh/base/clock.h"\n#include "re2/re2.h"\n',
    "mesh/xds/client.h": '#include "mesh/base/clock.h"\n',
    "mesh/xds/proto/ads.proto": "",
    "mesh/xds/decode.cc": '#include "mesh/xds/client.h"\n#include "mesh/xds/proto/ads.pb.h"\n',
    "mesh/xds/resources/route.h": "",
    "mesh/xds/resources/route.cc": '#include "mesh/model/route.h"\n#include "mesh/xds/client.h"\n',
    "mesh/wire/stream.h": '#include "grpcpp/grpcpp.h"\n#include "mesh/xds/client.h"\n',
    "mesh/cluster/cluster.h": '#include "balancer/policy.h"\n#include "mesh/wire/stream.h"\n',
    "mesh/call/channel.h": '#include "grpcpp/impl/channel_interface.h"\n#include "mesh/cluster/cluster.h"\n',
    "mesh/call/call_access.cc": '#include "grpcpp/impl/interceptor_common.h"\n',
    "mesh/admin/page.h": '#include "mesh/model/route.h"\n',
    "mesh/mesh.h": '#include "mesh/options.h"\n',
    "mesh/mesh.cc": '#include "mesh/mesh.h"\n#include "mesh/call/channel.h"\n',
    "mesh/options.h": '#include "mesh/base/clock.h"\n',
    "mesh/options_environment.cc": "const char* path = getenv(name);\n",
    "mesh/tools/meshctl.cc": '#include "mesh/mesh.h"\nint main() { std::cerr << 1; exit(2); }\n',
    "resolver/resolver.h": '#include "mesh/model/route.h"\n',
    "resolver/dns/dns.cc": '#include <ares.h>\n#include "resolver/resolver.h"\n',
    "balancer/policy.h": '#include "mesh/model/route.h"\n// absl::Now() is banned.\nauto s = "getenv";\n',
    "examples/demo/demo.cc": '#include "mesh/mesh.h"\n#include "tests/testing/fake.h"\n',
    "tests/testing/fake.h": '#include "mesh/call/channel.h"\n#include "gtest/gtest.h"\n',
    "tests/bench/bench.cc": "std::this_thread::sleep_for(d);\n",
}

# What is put into a sound tree (file, text), and a part of the line that must complain of it.
BREACHES = {
    "up": ("mesh/base/x.h", '#include "mesh/model/route.h"', "layer 0 to layer 1"),
    "up_by_many": ("balancer/x.h", '#include "mesh/call/channel.h"', "layer 2 to layer 5"),
    "up_to_the_door": ("mesh/call/x.cc", '#include "mesh/mesh.h"', "layer 5 to layer 6"),
    "up_in_angles": ("mesh/base/x.h", "#include <mesh/model/route.h>", "layer 0 to layer 1"),
    "sibling_2": ("balancer/x.h", '#include "mesh/xds/client.h"', "of one layer (2)"),
    "sibling_4": ("resolver/x.h", '#include "mesh/cluster/cluster.h"', "of one layer (4)"),
    "sibling_5": ("mesh/admin/x.h", '#include "mesh/call/channel.h"', "of one layer (5)"),
    "strangers": ("resolver/x.h", '#include "balancer/policy.h"', "do not know each other"),
    "subfolder_up": ("mesh/xds/x.h", '#include "mesh/xds/resources/route.h"', "layer 2 to layer 3"),
    "tests_from_library": ("mesh/base/x.h", '#include "tests/testing/fake.h"', "may use tests/"),
    "tests_from_example": ("examples/x.cc", '#include "tests/bench/bench.cc"', "may use tests/"),
    "past_the_door_example": ("examples/x.cc", '#include "mesh/call/channel.h"', "sees only"),
    "past_the_door_tool": ("mesh/tools/x.cc", '#include "balancer/policy.h"', "sees only"),
    "grpc_in_balancer": ("balancer/x.h", '#include "grpcpp/grpcpp.h"', "may not use grpc"),
    "grpc_in_cluster": ("mesh/cluster/x.h", "#include <grpc/grpc.h>", "may not use grpc"),
    "grpc_generated_in_xds": ("mesh/xds/x.cc", '#include "mesh/xds/proto/ads.grpc.pb.h"', "may not use grpc"),
    "grpc_internals": ("mesh/call/x.cc", '#include "grpcpp/impl/interceptor_common.h"', "may not use grpc-internal"),
    "proto_in_resolver": ("resolver/x.cc", '#include "mesh/xds/proto/ads.pb.h"', "may not use proto"),
    "protobuf_in_balancer": ("balancer/x.cc", '#include "google/protobuf/message.h"', "may not use protobuf"),
    "re2_in_base": ("mesh/base/x.cc", '#include "re2/re2.h"', "may not use re2"),
    "openssl_in_wire": ("mesh/wire/x.cc", "#include <openssl/ssl.h>", "may not use openssl"),
    "c_ares_in_resolver": ("resolver/x.cc", "#include <ares.h>", "may not use c-ares"),
    "gtest_in_library": ("mesh/base/x.cc", '#include "gtest/gtest.h"', "may not use googletest"),
    "unknown_file": ("mesh/base/x.cc", '#include "mesh/base/nowhere.h"', "no such file"),
    "absl_now": ("tests/base/x.cc", "auto t = absl::Now();", "absl::Now("),
    "wall_clock": ("mesh/cluster/x.cc", "auto t = std::chrono::steady_clock::now();", "steady_clock::now"),
    "getenv": ("mesh/xds/x.cc", 'auto p = std::getenv("A");', "getenv"),
    "cerr": ("mesh/call/x.cc", 'std::cerr << "x";', "std::cerr"),
    "printf": ("resolver/x.cc", 'fprintf(stderr, "x");', "fprintf("),
    "absl_mutex": ("tests/base/x.cc", "absl::Mutex m;", "absl::Mutex"),
    "absl_mutex_lock": ("mesh/cluster/x.cc", "absl::MutexLock lock(&m);", "absl::MutexLock"),
    "std_mutex": ("mesh/base/x.cc", "std::mutex m;", "std::mutex"),
    "sleep_in_test": ("tests/base/x.cc", "std::this_thread::sleep_for(d);", "sleep_for"),
    "sleep_in_library": ("balancer/x.cc", "absl::SleepFor(d);", "absl::SleepFor"),
    "abort": ("mesh/base/x.cc", "if (a) abort();", "abort()"),
    "random_device": ("balancer/x.cc", "std::random_device d;", "random_device"),
    "call_after_a_comment": ("balancer/x.cc", "/* why */ abort();  // no", "abort()"),
    "call_after_a_string": ("balancer/x.cc", 'f("a\\"b", \'"\'); abort();', "abort()"),
}


class LayeringTest(unittest.TestCase):
    def setUp(self):
        self._root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self._root)
        os.mkdir(os.path.join(self._root, "docs"))
        shutil.copy(os.path.join(ROOT, layering.TABLE), os.path.join(self._root, layering.TABLE))
        for path, text in SOUND.items():
            self._write(path, text)

    def _write(self, path, text):
        path = os.path.join(self._root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as source:
            source.write(text)

    def test_a_sound_tree_passes(self):
        self.assertEqual([], layering.breaches(self._root))

    def test_each_breach_is_found(self):
        for name, (path, text, complaint) in BREACHES.items():
            with self.subTest(name):
                self._write(path, text + "\n")
                found = layering.breaches(self._root)
                os.remove(os.path.join(self._root, path))
                self.assertEqual(1, len(found), found)
                self.assertTrue(found[0].startswith(path + ":1: "), found)
                self.assertIn(complaint, found[0])

    def test_a_file_outside_of_the_table_is_found(self):
        table = os.path.join(self._root, layering.TABLE)
        with open(table, encoding="utf-8") as rows:
            text = "".join(line for line in rows if "| `resolver/` |" not in line)
        self._write(layering.TABLE, text)
        self.assertIn("resolver/resolver.h: is in no row of docs/layers.md", layering.breaches(self._root))

    def test_the_tree_keeps_to_the_layers(self):
        found = layering.breaches(ROOT)
        self.assertEqual([], found, "\n" + "\n".join(found))


if __name__ == "__main__":
    unittest.main()
