#ifndef TESTS_FUZZ_SEED_RESOURCES_H_
#define TESTS_FUZZ_SEED_RESOURCES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mesh::fuzz {

// Serialized resources as go-control-plane and istiod send them, the fields that are not honoured
// included. The service is `svc`, its cluster `svc-cluster`.
std::vector<std::string> ListenerSeeds();
std::vector<std::string> RouteConfigurationSeeds();
std::vector<std::string> ClusterSeeds();
std::vector<std::string> AssignmentSeeds();

// Serialized DiscoveryResponse; if `wrapped`, each resource in a `Resource` named `svc`.
std::string ResponseWith(absl::string_view type_url, absl::string_view version,
                         absl::string_view nonce, const std::vector<std::string>& resources,
                         bool wrapped = false);

// Appends field `number`, below 16, of a message.
void AppendBytesField(int number, absl::string_view bytes, std::string* message);
void AppendNumberField(int number, uint64_t value, std::string* message);

}  // namespace mesh::fuzz

#endif  // TESTS_FUZZ_SEED_RESOURCES_H_
