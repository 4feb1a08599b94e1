#!/usr/bin/env python3
"""Compiles everything of the library that includes gRPC against the headers of later versions.

Usage: run.py [FILE...]

The headers, with the Abseil that goes with them, are those in the source distributions of
grpcio-observability, which pip fetches into build/compat. Only the syntax is checked, templates
included: there is no library to link. Code that protoc makes is the system's. Exit code 77: pip
cannot fetch them here.
"""

import concurrent.futures
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "compat"
PACKAGE = "grpcio-observability"
VERSIONS = {
    "1.76.0": "ebf4b41fc0ad1e2276c2d8e226384a851b0738b3aa5d68a0d94a346c725e6d91",
    "1.85.0": "93cf8bc56ea1ce1dacb50220b34760766d9664c77f9dd87058fe454252041e5b",
}
FOLDERS = ("mesh", "resolver", "balancer", "bindings")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)
# What a later version has dropped must not be found among the system's headers.
OLD_HEADER = re.compile(r"/usr/include/(?:grpc|grpcpp|grpc\+\+|absl)/\S+")
COMPILER = ["g++", "-std=c++17", "-Wall", "-Werror", "-fsyntax-only"]


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)


def fetch(version):
    """Returns the folder of the unpacked package, or None where it cannot be had."""
    digest = VERSIONS[version]
    stem = "%s-%s" % (PACKAGE.replace("-", "_"), version)
    archive, folder = WORK / (stem + ".tar.gz"), WORK / stem
    if not archive.exists():
        venv = WORK / "venv"
        requirements = WORK / ("requirements-%s.txt" % version)
        requirements.write_text("%s==%s --hash=sha256:%s\n" % (PACKAGE, version, digest))
        for command in (
            ["/usr/bin/python3", "-m", "venv", venv],
            [venv / "bin" / "pip", "download", "--quiet", "--disable-pip-version-check", "--retries=1", "--no-deps",
             "--require-hashes", "--no-binary", PACKAGE, "--dest", WORK, "--requirement", requirements],
        ):
            done = run(command)
            if done.returncode != 0:
                print(done.stdout[-2000:])
                return None
    if hashlib.sha256(archive.read_bytes()).hexdigest() != digest:
        sys.exit("%s is not the archive that it should be" % archive)
    if not folder.exists():
        with tarfile.open(archive) as package:
            package.extractall(WORK / "unpacking")
        (WORK / "unpacking" / stem).rename(folder)
    return folder


def includes_of(path, known):
    """Returns the headers that `path`, of the tree, includes, and theirs."""
    if path not in known:
        known[path] = set()  # also while we are here: includes may not go in circles
        names = set(INCLUDE.findall((ROOT / path).read_text()))
        known[path] = names.union(*(includes_of(name, known) for name in names if (ROOT / name).exists()))
    return known[path]


def sources_with_grpc():
    known = {}
    sources = sorted(
        str(path.relative_to(ROOT)) for folder in FOLDERS if (ROOT / folder).is_dir() for path in (ROOT / folder).rglob("*.cc")
    )
    return [s for s in sources if any(name.startswith(("grpcpp/", "grpc/")) for name in includes_of(s, known))]


def generate_protos():
    generated = WORK / "generated"
    generated.mkdir(exist_ok=True)
    protos = [str(path.relative_to(ROOT)) for path in (ROOT / "mesh").rglob("*.proto")]
    done = run(["protoc", "-I.", "--cpp_out=%s" % generated] + protos, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(done.stdout)
    return generated


def flags_for(folder, generated):
    flags = ["-I.", "-isystem", generated]
    for headers in (folder / "grpc_root" / "include", folder / "third_party" / "abseil-cpp"):
        if not headers.is_dir():
            sys.exit("%s is not there" % headers)
        flags += ["-isystem", headers]
    return flags


def compiles(flags, source, text=None):
    """Returns what the compiler complains of in `source`, or in `text`; empty if of nothing."""
    with tempfile.NamedTemporaryFile("r") as dependencies:
        command = COMPILER + ["-MD", "-MF", dependencies.name] + flags
        done = run(command + (["-x", "c++", "-"] if text else [source]), cwd=ROOT, input=text)
        if done.returncode != 0:
            return done.stdout or "exit code %d" % done.returncode
        old = sorted(set(OLD_HEADER.findall(dependencies.read())))
        return "".join("error: includes %s, which that version does not have\n" % header for header in old)


def check_version(flags, version):
    """That these are the headers of that version, and that a complaint would be heard."""
    test = '#include "grpcpp/version_info.h"\nstatic_assert(GRPC_CPP_VERSION_MINOR == %s, "");\n'
    minor = version.split(".")[1]
    if compiles(flags, None, test % minor):
        sys.exit("the headers are not those of gRPC %s" % version)
    if not compiles(flags, None, test % "51"):
        sys.exit("the compiler takes anything")
    if not compiles(flags, None, '#include "/usr/include/grpcpp/version_info.h"\n'):
        sys.exit("the system's headers of gRPC are taken for those")


def main(sources):
    WORK.mkdir(parents=True, exist_ok=True)
    folders = {version: fetch(version) for version in VERSIONS}
    if None in folders.values():
        print("skipped: the source distributions of %s cannot be fetched from here" % PACKAGE)
        return 77
    sources = sources or sources_with_grpc()
    if not sources:
        sys.exit("no source includes gRPC")
    generated = generate_protos()
    failed = False
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for version, folder in folders.items():
            start = time.monotonic()
            flags = flags_for(folder, generated)
            check_version(flags, version)
            complaints = list(pool.map(lambda source: compiles(flags, source), sources))
            bad = [(source, text) for source, text in zip(sources, complaints) if text]
            for source, text in bad:
                errors = [line for line in text.splitlines() if "error:" in line] or text.splitlines()
                print("%s:\n  %s" % (source, "\n  ".join(errors[:10])))
            print("gRPC %s: %d of %d sources compile, %d s"
                  % (version, len(sources) - len(bad), len(sources), time.monotonic() - start), flush=True)
            failed = failed or bool(bad)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
