# Made by `./dev format` from the BUILD.bazel files; a test compares the two.

# The library.
set(MESH_SOURCES
    mesh/base/backoff.cc
    mesh/base/clock.cc
    mesh/base/epoch.cc
    mesh/base/field_errors.cc
    mesh/base/hash128.cc
    mesh/base/random.cc
    mesh/base/serializer.cc
    mesh/base/thread_executor.cc
    mesh/base/thread_slots.cc
)

# All its headers.
set(MESH_HEADERS
    mesh/base/backoff.h
    mesh/base/clock.h
    mesh/base/epoch.h
    mesh/base/executor.h
    mesh/base/field_errors.h
    mesh/base/hash128.h
    mesh/base/log.h
    mesh/base/mutex.h
    mesh/base/per_thread_counter.h
    mesh/base/published.h
    mesh/base/random.h
    mesh/base/serializer.h
    mesh/base/thread_executor.h
    mesh/base/thread_slots.h
)

# What mesh/mesh.h includes: the headers to install.
set(MESH_PUBLIC_HEADERS
    mesh/base/clock.h
    mesh/base/executor.h
    mesh/base/log.h
    mesh/base/random.h
    mesh/mesh.h
    mesh/model/profile.h
    mesh/model/snapshot.h
)

# Its protocol buffers.
set(MESH_PROTOS
    mesh/xds/proto/discovery.proto
)

# The command line tool.
set(MESHCTL_SOURCES
    mesh/tools/call_load.cc
    mesh/tools/call_summary.cc
    mesh/tools/command_line.cc
    mesh/tools/json_text.cc
    mesh/tools/meshctl.cc
    mesh/tools/snapshot_text.cc
)

# The system's libraries that they use, besides Abseil, gRPC and Protobuf.
set(MESH_LIBRARIES
    xxhash
)
