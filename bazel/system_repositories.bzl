"""Repository rules for libraries that the system's packages installed.

The headers are in /usr/include, which Bazel's C++ toolchain already lists as
a built-in include directory: so a library here has linker options and no
headers, and there is nothing to glob, to copy or to hash.
"""

_HEADER = """# Written by @mesh//bazel:system_repositories.bzl
package(default_visibility = ["//visibility:public"])
"""

def _library(name, linkopts = [], deps = [], defines = []):
    return "\ncc_library(\n    name = %r,\n    defines = %r,\n    linkopts = %r,\n    deps = %r,\n)\n" % (name, defines, linkopts, deps)

def _alias(name, actual):
    return "\nalias(name = %r, actual = %r)\n" % (name, actual)

def _unique_last(flags):
    seen = {}
    out = []
    for flag in reversed(flags):
        if flag.startswith("-l"):
            if flag in seen:
                continue
            seen[flag] = True
        out.append(flag)
    return [f for f in reversed(out)]

def _need(rctx, header, package):
    if not rctx.path("/usr/include/" + header).exists and not rctx.path("/usr/local/include/" + header).exists:
        fail("@%s: /usr/include/%s is not there: `apt-get install %s`, or declare @%s before mesh_deps()" % (rctx.name, header, package, rctx.name))

def _pkg_config(rctx, modules):
    tool = rctx.which("pkg-config")
    if not tool:
        fail("@%s needs pkg-config: `apt-get install pkg-config`" % rctx.name)
    result = rctx.execute([tool, "--libs"] + modules)
    if result.return_code:
        fail("@%s: pkg-config --libs %s: %s" % (rctx.name, " ".join(modules), result.stderr))
    return _unique_last([f for f in result.stdout.replace("\n", " ").split(" ") if f])

def _as_needed(flags):
    return ["-Wl,--push-state,--as-needed"] + flags + ["-Wl,--pop-state"]

def _workspace(rctx):
    rctx.file("WORKSPACE", "workspace(name = %r)\n" % rctx.name, executable = False)

def _build(rctx, package, text):
    rctx.file((package + "/" if package else "") + "BUILD.bazel", _HEADER + text, executable = False)

# ---------------------------------------------------------------------------
# Abseil: @com_google_absl//absl/strings and so on.

_ABSEIL = {
    "base": ["base", "core_headers", "config", "dynamic_annotations", "log_severity", "nullability"],
    "cleanup": ["cleanup"],
    "container": ["btree", "fixed_array", "flat_hash_map", "flat_hash_set", "inlined_vector", "node_hash_map", "node_hash_set"],
    "debugging": ["failure_signal_handler", "stacktrace", "symbolize"],
    "flags": ["flag", "parse", "usage"],
    "functional": ["any_invocable", "bind_front", "function_ref"],
    "hash": ["hash"],
    "memory": ["memory"],
    "meta": ["type_traits"],
    "numeric": ["bits", "int128"],
    "random": ["random"],
    "status": ["status", "statusor"],
    "strings": ["strings", "str_format", "cord"],
    "synchronization": ["synchronization"],
    "time": ["time"],
    "types": ["any", "optional", "span", "variant"],
    "utility": ["utility"],
}

_ABSEIL_MODULES = ["absl_" + m for m in [
    "any_invocable",
    "base",
    "bind_front",
    "btree",
    "cleanup",
    "cord",
    "core_headers",
    "failure_signal_handler",
    "flat_hash_map",
    "flat_hash_set",
    "flags",
    "flags_parse",
    "flags_usage",
    "hash",
    "inlined_vector",
    "node_hash_map",
    "random_random",
    "span",
    "stacktrace",
    "status",
    "statusor",
    "str_format",
    "strings",
    "symbolize",
    "synchronization",
    "time",
    "variant",
]]

def _abseil_impl(rctx):
    _need(rctx, "absl/base/config.h", "libabsl-dev")
    _workspace(rctx)
    _build(rctx, "", _library("abseil", _as_needed(_pkg_config(rctx, _ABSEIL_MODULES))))
    for package, targets in _ABSEIL.items():
        _build(rctx, "absl/" + package, "".join([_alias(t, "//:abseil") for t in targets]))

abseil_repository = repository_rule(implementation = _abseil_impl, configure = True, environ = ["PKG_CONFIG_PATH"])

# ---------------------------------------------------------------------------
# Protocol Buffers: the runtime, the compiler, and the rules' toolchain, so
# that proto_library and cc_proto_library work as they are.

_WELL_KNOWN = {
    "any": [],
    "api": ["source_context", "type"],
    "descriptor": [],
    "duration": [],
    "empty": [],
    "field_mask": [],
    "source_context": [],
    "struct": [],
    "timestamp": [],
    "type": ["any", "source_context"],
    "wrappers": [],
}

_PROTO_BZL = """\"\"\"{rule}, under the name that newer releases of protobuf load it by.\"\"\"

{rule} = native.{rule}
"""

def _protobuf_impl(rctx):
    _need(rctx, "google/protobuf/message.h", "libprotobuf-dev")
    protoc = rctx.which("protoc")
    if not protoc:
        fail("@%s needs protoc: `apt-get install protobuf-compiler`" % rctx.name)
    _workspace(rctx)
    libs = _pkg_config(rctx, ["protobuf"])
    lines = ["\nexports_files([\"protoc\"])\n", _library("protobuf", libs), _alias("protobuf_lite", ":protobuf")]
    rctx.symlink(protoc, "protoc")
    for name, deps in _WELL_KNOWN.items():
        path = "google/protobuf/%s.proto" % name
        rctx.symlink("/usr/include/" + path, "src/" + path)
        lines.append("\nproto_library(name = %r, srcs = [%r], deps = %r, strip_import_prefix = \"src\")\n" % (name + "_proto", "src/" + path, [":%s_proto" % d for d in deps]))
    lines.append("\nproto_lang_toolchain(\n    name = \"cc_toolchain\",\n    command_line = \"--cpp_out=$(OUT)\",\n    runtime = \":protobuf\",\n    blacklisted_protos = %r,\n)\n" % [":%s_proto" % n for n in _WELL_KNOWN])
    _build(rctx, "", "".join(lines))
    _build(rctx, "bazel", "")
    for rule in ["proto_library", "cc_proto_library"]:
        rctx.file("bazel/%s.bzl" % rule, _PROTO_BZL.format(rule = rule), executable = False)

protobuf_repository = repository_rule(implementation = _protobuf_impl, configure = True, environ = ["PATH", "PKG_CONFIG_PATH"])

# ---------------------------------------------------------------------------
# gRPC

_CC_GRPC_LIBRARY = '''"""cc_grpc_library with the system's grpc_cpp_plugin (grpc_only = True)."""

def _generate_impl(ctx):
    outs = []
    for dep in ctx.attr.protos:
        info = dep[ProtoInfo]
        # Where `info`'s own files are imported from.
        root = info.proto_source_root
        args = ctx.actions.args()
        args.add("--plugin=protoc-gen-grpc=" + ctx.executable._plugin.path)
        options = "generate_mock_code=true:" if ctx.attr.generate_mocks else ""
        mine = []
        out_root = None
        for src in info.direct_sources:
            path = src.path
            if root != "." and path.startswith(root + "/"):
                path = path[len(root) + 1:]
            stem = path[:-len(".proto")]
            # Declared relative to the package, made relative to the root.
            local = stem[len(ctx.label.package) + 1:] if ctx.label.package else stem
            names = [local + ".grpc.pb.h", local + ".grpc.pb.cc"]
            if ctx.attr.generate_mocks:
                names.append(local + "_mock.grpc.pb.h")
            files = [ctx.actions.declare_file(n) for n in names]
            out_root = files[0].path[:-len("/" + stem + ".grpc.pb.h")]
            mine += files
        args.add("--grpc_out=%s%s" % (options, out_root))
        args.add_all(info.transitive_proto_path, format_each = "-I%s")
        args.add_all(info.direct_sources)
        ctx.actions.run(
            executable = ctx.executable._protoc,
            tools = [ctx.executable._plugin],
            inputs = info.transitive_sources,
            outputs = mine,
            arguments = [args],
            mnemonic = "GrpcCpp",
            progress_message = "Generating gRPC C++ for %s" % dep.label,
        )
        outs += mine
    return [DefaultInfo(files = depset(outs))]

_generate = rule(
    implementation = _generate_impl,
    attrs = {
        "protos": attr.label_list(providers = [ProtoInfo], mandatory = True),
        "generate_mocks": attr.bool(),
        "_protoc": attr.label(default = "@com_google_protobuf//:protoc", allow_single_file = True, executable = True, cfg = "host"),
        "_plugin": attr.label(default = "//src/compiler:grpc_cpp_plugin", allow_single_file = True, executable = True, cfg = "host"),
    },
    output_to_genfiles = True,
)

def cc_grpc_library(name, srcs, deps, grpc_only = True, generate_mocks = False, **kwargs):
    if not grpc_only:
        fail("only grpc_only = True works with the system's gRPC")
    _generate(name = "_%s_codegen" % name, protos = srcs, generate_mocks = generate_mocks)
    native.cc_library(
        name = name,
        srcs = [":_%s_codegen" % name],
        hdrs = [":_%s_codegen" % name],
        deps = deps + [Label("//:grpc++_codegen_proto"), Label("//:grpc++")],
        **kwargs
    )
'''

def _grpc_impl(rctx):
    _need(rctx, "grpcpp/grpcpp.h", "libgrpc++-dev")
    plugin = rctx.which("grpc_cpp_plugin")
    if not plugin:
        fail("@%s needs grpc_cpp_plugin: `apt-get install protobuf-compiler-grpc`" % rctx.name)
    _workspace(rctx)
    rctx.symlink(plugin, "src/compiler/grpc_cpp_plugin")
    _build(rctx, "src/compiler", "\nexports_files([\"grpc_cpp_plugin\"])\n")
    _build(rctx, "bazel", "")
    rctx.file("bazel/cc_grpc_library.bzl", _CC_GRPC_LIBRARY, executable = False)
    libs = _as_needed(_pkg_config(rctx, ["grpc++"]))
    deps = ["@com_google_protobuf//:protobuf", "@com_google_absl//:abseil"]
    _build(rctx, "", "".join([
        _library("grpc++", libs, deps),
        _alias("grpc", ":grpc++"),
        _alias("grpc++_codegen_proto", ":grpc++"),
        _library("grpc++_reflection", ["-Wl,--no-as-needed", "-lgrpc++_reflection", "-Wl,--as-needed"], [":grpc++"]),
        _library("grpcpp_channelz", ["-lgrpcpp_channelz"], [":grpc++"]),
        _library("grpc++_error_details", ["-lgrpc++_error_details"], [":grpc++"]),
    ]))

grpc_repository = repository_rule(implementation = _grpc_impl, configure = True, environ = ["PATH", "PKG_CONFIG_PATH"])

# ---------------------------------------------------------------------------
# Small ones

def _cares_impl(rctx):
    _need(rctx, "ares.h", "libc-ares-dev")
    _workspace(rctx)
    _build(rctx, "", _library("ares", _pkg_config(rctx, ["libcares"])))

cares_repository = repository_rule(implementation = _cares_impl, configure = True, environ = ["PKG_CONFIG_PATH"])

def _openssl_impl(rctx):
    _need(rctx, "openssl/ssl.h", "libssl-dev")
    _workspace(rctx)
    _build(rctx, "", _library("ssl", ["-lssl", "-lcrypto"], [":crypto"]) + _library("crypto", ["-lcrypto"]))

openssl_repository = repository_rule(implementation = _openssl_impl, configure = True)

def _re2_impl(rctx):
    _need(rctx, "re2/re2.h", "libre2-dev")
    _workspace(rctx)
    _build(rctx, "", _library("re2", ["-lre2", "-pthread"]))

re2_repository = repository_rule(implementation = _re2_impl, configure = True)

# Header only: everybody inlines it (XXH_INLINE_ALL).
def _xxhash_impl(rctx):
    _need(rctx, "xxhash.h", "libxxhash-dev")
    _workspace(rctx)
    _build(rctx, "", _library("xxhash"))

xxhash_repository = repository_rule(implementation = _xxhash_impl, configure = True)

# Debian's BoringSSL. It must never be in one process with libgrpc, which
# links OpenSSL 3: the two have the same symbols.
def _android_boringssl_impl(rctx):
    _workspace(rctx)
    if not rctx.path("/usr/include/android/openssl/base.h").exists:
        _build(rctx, "", "# `apt-get install android-libboringssl-dev` for :ssl and :crypto\n")
        return
    lib = "/usr/lib/x86_64-linux-gnu/android"
    rctx.symlink("/usr/include/android/openssl", "include/openssl")
    _build(rctx, "", """
cc_library(
    name = "ssl",
    hdrs = glob(["include/openssl/*.h"]),
    includes = ["include"],
    linkopts = ["-L{lib}", "-Wl,-rpath,{lib}", "-lssl", "-lcrypto", "-pthread"],
)

alias(name = "crypto", actual = ":ssl")
""".format(lib = lib))

android_boringssl_repository = repository_rule(implementation = _android_boringssl_impl, configure = True)

def _googletest_impl(rctx):
    _need(rctx, "gmock/gmock.h", "libgmock-dev libgtest-dev")
    _workspace(rctx)
    _build(rctx, "", _library("gtest", ["-lgmock", "-lgtest", "-pthread"], defines = ["GTEST_HAS_PTHREAD=1"]) +
                     _library("gtest_main", ["-lgmock_main"], [":gtest"]))

googletest_repository = repository_rule(implementation = _googletest_impl, configure = True)

def _benchmark_impl(rctx):
    _need(rctx, "benchmark/benchmark.h", "libbenchmark-dev")
    _workspace(rctx)
    _build(rctx, "", _library("benchmark", ["-lbenchmark", "-pthread"]) +
                     _library("benchmark_main", ["-lbenchmark_main"], [":benchmark"]))

benchmark_repository = repository_rule(implementation = _benchmark_impl, configure = True)

# ---------------------------------------------------------------------------
# The rule sets that @bazel_tools of Bazel 4 loads: thin names for the native
# rules.

_RULES = {
    "rules_cc": {"cc/defs.bzl": ["cc_binary", "cc_import", "cc_library", "cc_test", "cc_toolchain", "cc_toolchain_suite", "cc_proto_library", "objc_library"]},
    "rules_java": {"java/defs.bzl": ["java_binary", "java_import", "java_library", "java_proto_library", "java_runtime", "java_toolchain"]},
    "rules_proto": {"proto/defs.bzl": ["proto_lang_toolchain", "proto_library"]},
    "rules_shell": {"shell/defs.bzl": ["sh_binary", "sh_library", "sh_test"]},
}

_NO_COVERAGE = """
sh_binary(name = "coverage_report_generator", srcs = ["none.sh"])

sh_binary(name = "Main", srcs = ["none.sh"])
"""

def _bazel_rules_impl(rctx):
    _workspace(rctx)
    if rctx.name == "remote_coverage_tools":
        rctx.file("none.sh", "#!/bin/sh\necho 'no coverage tools without a download' >&2\nexit 1\n", executable = True)
        _build(rctx, "", _NO_COVERAGE)
        return
    _build(rctx, "", "")
    for path, rules in _RULES[rctx.name].items():
        package = path.rpartition("/")[0]
        _build(rctx, package, "\nexports_files(glob([\"*.bzl\"]))\n")
        text = ["%s = native.%s" % (r, r) for r in rules]
        if rctx.name == "rules_proto":
            text.append("ProtoInfo = ProtoInfo")
        rctx.file(path, "\"\"\"The native rules.\"\"\"\n\n" + "\n".join(text) + "\n", executable = False)

        # One file a rule, as newer releases of the rule sets have.
        for r in rules:
            rctx.file(package + "/" + r + ".bzl", "\"\"\"The native rule.\"\"\"\n\n%s = native.%s\n" % (r, r), executable = False)

bazel_rules_repository = repository_rule(implementation = _bazel_rules_impl)
