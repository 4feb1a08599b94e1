"""What a WORKSPACE that builds or uses mesh has to call."""

load(":system_repositories.bzl", "abseil_repository", "android_boringssl_repository", "bazel_rules_repository", "benchmark_repository", "cares_repository", "googletest_repository", "grpc_repository", "openssl_repository", "protobuf_repository", "re2_repository", "xxhash_repository")

def _maybe(rule, name, **kwargs):
    if name not in native.existing_rules():
        rule(name = name, **kwargs)

def _is_bazel_4():
    # Debian's bazel-bootstrap (4.2.3) says it is no version at all.
    version = native.bazel_version
    return not version or version == "no_version" or version.startswith("4.")

def mesh_deps():
    """Declares mesh's dependencies, each unless the workspace already has it.

    They stand for the libraries that the system's packages installed, under
    the names and with the targets that the upstream projects use.
    """

    if not _is_bazel_4():
        fail("mesh's WORKSPACE is for Bazel 4; Bazel %s uses MODULE.bazel (bzlmod)" % native.bazel_version)

    # Rule sets that Bazel's own @bazel_tools loads. Without these Bazel would
    # download them at the first build.
    _maybe(bazel_rules_repository, "rules_cc")
    _maybe(bazel_rules_repository, "rules_java")
    _maybe(bazel_rules_repository, "rules_proto")
    _maybe(bazel_rules_repository, "rules_shell")
    _maybe(bazel_rules_repository, "remote_coverage_tools")

    _maybe(abseil_repository, "com_google_absl")
    _maybe(protobuf_repository, "com_google_protobuf")
    _maybe(grpc_repository, "com_github_grpc_grpc")
    _maybe(openssl_repository, "boringssl")
    _maybe(re2_repository, "com_googlesource_code_re2")
    _maybe(android_boringssl_repository, "android_boringssl")
    _maybe(cares_repository, "com_github_cares_cares")
    _maybe(googletest_repository, "com_google_googletest")
    _maybe(benchmark_repository, "com_github_google_benchmark")
    _maybe(xxhash_repository, "xxhash")
