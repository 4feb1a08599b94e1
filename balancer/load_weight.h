#ifndef BALANCER_LOAD_WEIGHT_H_
#define BALANCER_LOAD_WEIGHT_H_

#include "absl/time/time.h"
#include "mesh/model/load_balancing.h"
#include "mesh/model/load_report.h"

namespace mesh::balancer {

// Client-side weighted round robin: an endpoint weighs what its load reports make of it (gRFC
// A58, with the utilization of A78 and A114).

// qps / (utilization + eps / qps * penalty), where the utilization is the application's, else that
// of the named metrics, else the CPU's: the first that is above 0. 0 if the report says nothing:
// no queries, no utilization, or numbers that make no finite weight. Pure.
double WeightOf(const model::LoadReport& report, double error_utilization_penalty);

// What one endpoint weighs, from report to report:
//
//   unknown ──report──► blackout ──its period──► known ──no report for the expiration──► unknown
//      ▲                   │                       │
//      └────── Restart() ──┴───────────────────────┘
//
// Thread-compatible.
class LoadWeight {
 public:
  // A report came at `now`; one that says nothing is as if it had not come.
  void Record(const model::LoadReport& report, const model::ClientSideWeightedRoundRobin& rules,
              absl::Time now);
  // The endpoint is connected again: another server may be there, and the blackout begins anew
  // with its next report.
  void Restart() { first_ = absl::InfiniteFuture(); }

  // The weight of the last report, above 0; or 0: it is unknown. REQUIRES: calls are made in the
  // order of `now`, more or less.
  double Get(const model::ClientSideWeightedRoundRobin& rules, absl::Time now);

 private:
  double weight_ = 0;
  absl::Time first_ = absl::InfiniteFuture();  // report since the weight was last unknown
  absl::Time last_ = absl::InfinitePast();     // report
};

}  // namespace mesh::balancer

#endif  // BALANCER_LOAD_WEIGHT_H_
