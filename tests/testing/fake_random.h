#ifndef TESTS_TESTING_FAKE_RANDOM_H_
#define TESTS_TESTING_FAKE_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "mesh/base/mutex.h"
#include "mesh/base/random.h"

namespace mesh::testing {

// Gives the numbers it was told, over and over. Thread-safe.
class FakeRandom final : public Random {
 public:
  // Numbers such that NextDouble() returns `doubles`. REQUIRES: not empty; each in [0, 1).
  explicit FakeRandom(std::vector<double> doubles) : doubles_(std::move(doubles)) {}

  uint64_t Next() override {
    MutexLock lock(&mutex_);
    const double next = doubles_[next_++ % doubles_.size()];
    return static_cast<uint64_t>(next * 0x1.0p53) << 11;
  }

 private:
  Mutex mutex_;
  const std::vector<double> doubles_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_FAKE_RANDOM_H_
