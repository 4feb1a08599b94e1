#ifndef TESTS_BENCH_PROCESS_COST_H_
#define TESTS_BENCH_PROCESS_COST_H_

#include <cstdint>

namespace mesh::bench {

// Processor time of this process so far, user and system, in nanoseconds.
int64_t ProcessorTime();

// Bytes of memory that this process occupies, program and libraries included; 0 if unknown.
int64_t ResidentBytes();

// Bytes that this process has from malloc and not given back.
int64_t AllocatedBytes();

// The least that finding what changed among `endpoints` endpoints costs: walks a serialized
// ClusterLoadAssignment and hashes the bytes of each endpoint. Nanoseconds of a pass, the best of
// some.
int64_t HashPassTime(int endpoints);

}  // namespace mesh::bench

#endif  // TESTS_BENCH_PROCESS_COST_H_
