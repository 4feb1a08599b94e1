#ifndef TESTS_FAULTS_HOSTILE_RESOURCES_H_
#define TESTS_FAULTS_HOSTILE_RESOURCES_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace mesh {

// Serialized resources that cost whoever reads them as much as they can. Each is named as
// HostileConfigTest subscribes to it.

// About `bytes` of empty messages, each in field `number`, below 16.
std::string Empties(int number, size_t bytes);

// An assignment of about `bytes`, in one locality, of endpoints that have nothing: two bytes each.
std::string EmptyEndpoints(size_t bytes);
// An assignment of about `bytes`, of localities that have nothing: two bytes each.
std::string EmptyLocalities(size_t bytes);
// Valid: `count` endpoints, each with extras of its own, in few bytes.
std::string EndpointsWithExtras(int count);
// An assignment with one endpoint that has `count` fields of metadata, in eight bytes each.
std::string EndpointWithMetadata(int count);
// Valid: `count` endpoints in `localities` localities.
std::string ManyEndpoints(int count, int localities);

// A route configuration of about `bytes`, of routes that have nothing: two bytes each.
std::string EmptyRoutes(size_t bytes);
// Valid: `count` routes, each with an expression of its own, like `pattern`.
std::string ManyRoutes(int count, const std::string& pattern);
// One whose per-filter configuration has a key of `bytes`, and as many fields that are not known
// as fit in as many bytes: each would be listed by its path.
std::string LongPaths(size_t bytes);
// One whose route retries on `count` conditions that nobody knows.
std::string ManyConditions(int count);

// A cluster whose policies are in each other, as deep as `bytes` allow.
std::string NestedPolicies(size_t bytes);
// A cluster that asks for a ring of `size` places.
std::string HugeRing(uint64_t size);

// A listener whose filter's configuration is an Any in an Any, and so on.
std::string NestedFilters(size_t bytes);

}  // namespace mesh

#endif  // TESTS_FAULTS_HOSTILE_RESOURCES_H_
