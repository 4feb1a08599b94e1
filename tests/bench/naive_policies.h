#ifndef TESTS_BENCH_NAIVE_POLICIES_H_
#define TESTS_BENCH_NAIVE_POLICIES_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "tests/bench/policy_cases.h"

namespace mesh::bench {

// Calls in flight on an endpoint, in a cache line of its own and with something beside it.
struct alignas(64) NaiveEndpoint {
  std::atomic<uint64_t> in_flight{0};
  char cold[64];
};

// What a pick may use.
struct NaiveInput {
  uint64_t random = 0;
  uint64_t cursor = 0;
  uint64_t hash = 0;
};

// A policy as one writes it down who has nothing else to think of: no updates, no localities, no
// connections that come and go, and the endpoints never change. What Mesh's picks are compared
// with. Thread-safe.
class NaivePolicy {
 public:
  // `size` endpoints of the weights that `policy_case` says.
  NaivePolicy(const PolicyCase& policy_case, int64_t size);
  virtual ~NaivePolicy() = default;

  NaiveEndpoint* Take(const NaiveInput& input) {
    NaiveEndpoint* endpoint = endpoints_[Pick(input)].get();
    endpoint->in_flight.fetch_add(1, std::memory_order_relaxed);
    return endpoint;
  }
  void GiveBack(NaiveEndpoint* endpoint) {
    endpoint->in_flight.fetch_sub(1, std::memory_order_acq_rel);
  }

 protected:
  virtual uint64_t Pick(const NaiveInput& input) const = 0;

  uint64_t size() const { return endpoints_.size(); }
  uint64_t weight(uint64_t i) const { return weights_[i]; }
  uint64_t in_flight(uint64_t i) const {
    return endpoints_[i]->in_flight.load(std::memory_order_relaxed);
  }

 private:
  std::vector<std::unique_ptr<NaiveEndpoint>> endpoints_;
  std::vector<uint64_t> weights_;
};

std::unique_ptr<NaivePolicy> NewNaivePolicy(const PolicyCase& policy_case, int64_t size);

}  // namespace mesh::bench

#endif  // TESTS_BENCH_NAIVE_POLICIES_H_
