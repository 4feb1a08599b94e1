#ifndef TESTS_FAULTS_ALLOCATION_COUNT_H_
#define TESTS_FAULTS_ALLOCATION_COUNT_H_

#include <cstddef>

namespace mesh {

// Counts what every `operator new` of the process gives, libraries included: linking this replaces
// them. Thread-safe.

// Bytes that are allocated now, as the heap rounds them.
size_t AllocatedBytes();
// The most that was allocated at a time since the last call of ResetPeak().
size_t PeakAllocatedBytes();
void ResetPeak();

}  // namespace mesh

#endif  // TESTS_FAULTS_ALLOCATION_COUNT_H_
