#ifndef TESTS_SIMULATION_USUAL_MESH_H_
#define TESTS_SIMULATION_USUAL_MESH_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/world.h"

namespace mesh::simulation {

// The words that scripts are written in.

inline constexpr char kService[] = "echo";
inline constexpr char kCluster[] = "a";

// Three endpoints of the first priority in two localities, one of the second.
std::vector<Locality> UsualEndpoints();
// `10.0.NUMBER.1:80` and so on.
std::vector<std::string> Addresses(int number, int count);

// A service, a channel to it, and a steady load: everything is served when it returns.
void UsualMesh(World& world);
// The same with a retry policy: of UNAVAILABLE, once.
void UsualMeshWithRetries(World& world);

Step At(double seconds, std::function<void(World&)> action);
Step Between(double from, double to, std::function<void(World&)> action);

// What happens at the same time as `action`: a burst of calls, so that some are in flight.
std::function<void(World&)> UnderCalls(std::function<void(World&)> action);

// Expectations. Times are of the script, in seconds.
void Expect(World& world, bool condition, absl::string_view what);
// Some calls were made then, and all of them ended with OK.
void ExpectServed(World& world, double from, double to);
// All calls that were made then and do not wait failed with UNAVAILABLE, within 100 ms, for that
// reason.
void ExpectRefused(World& world, double from, double to, absl::string_view because);
// The calls that were lost had all been given to one of those addresses.
void ExpectLostOnlyOn(World& world, const std::vector<std::string>& addresses);
// The service's only cluster has that many endpoints, as Mesh::Watch() would tell it.
void ExpectEndpoints(World& world, size_t count);

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_USUAL_MESH_H_
