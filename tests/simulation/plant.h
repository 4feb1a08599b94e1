#ifndef TESTS_SIMULATION_PLANT_H_
#define TESTS_SIMULATION_PLANT_H_

namespace mesh::simulation {

// A fault that a world has on purpose, so that a test can show that it would be seen. Each is made
// in the simulation, at the seam where the library would have it.
enum class Plant {
  kNone,
  kLosesStatus,         // an attempt's end is never told
  kTwoStatuses,         // a call ends twice
  kLeaksPermit,         // an attempt's permit is not given back
  kReturnsPermitEarly,  // it is given back before the attempt's end
  kRouteEarly,          // a configuration is handed on without a cluster that it names
  kStaleConfig,         // one that removes endpoints is not handed on
  kDeafConnection,      // the loss of a connection is not told
  kForgetsDelivery,     // an attempt that was executed says that it was never sent
  kLosesPush,           // a change of the control plane never arrives
  kNewEndpoints,        // an update is handed on as none and all again
  kKeepsClusters,       // clusters are held for good
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_PLANT_H_
