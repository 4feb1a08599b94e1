#ifndef TESTS_BENCH_POLICY_CASES_H_
#define TESTS_BENCH_POLICY_CASES_H_

#include <memory>
#include <vector>

#include "mesh/model/cluster.h"

namespace mesh::bench {

// A policy, and the cluster on which it is measured. A value.
struct PolicyCase {
  const char* name;
  model::LoadBalancing balancing;
  bool weighted = false;  // endpoints weigh 1 to 4, else all the same
  int in_flight = 0;      // calls on each endpoint meanwhile
  bool limited = false;   // the cluster counts its calls, because it has a limit of them

  std::shared_ptr<const model::Cluster> cluster() const;
};

// Every policy; those that look at calls in flight also with some. No limit of clusters applies but
// where a case says so.
std::vector<PolicyCase> PolicyCases();

}  // namespace mesh::bench

#endif  // TESTS_BENCH_POLICY_CASES_H_
