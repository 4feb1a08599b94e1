#include "examples/demo/control_plane.h"

#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/testing/ads_server.h"
#include "tests/testing/xds_resources.h"

namespace mesh::demo {

std::string AssignmentText(const std::vector<LocalityAssignment>& assignment) {
  return absl::StrJoin(assignment, " ", [](std::string* out, const LocalityAssignment& locality) {
    absl::StrAppend(out, locality.locality, "=", locality.weight, ":",
                    absl::StrJoin(locality.addresses, ","));
  });
}

absl::StatusOr<std::vector<LocalityAssignment>> ParseAssignment(absl::string_view text) {
  std::vector<LocalityAssignment> assignment;
  for (absl::string_view part : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> named = absl::StrSplit(part, absl::MaxSplits('=', 1));
    const std::pair<std::string, std::string> weighted =
        absl::StrSplit(named.second, absl::MaxSplits(':', 1));
    LocalityAssignment locality;
    locality.locality = named.first;
    if (!absl::SimpleAtoi(weighted.first, &locality.weight) || locality.weight < 1) {
      return absl::InvalidArgumentError(absl::StrCat("assignment \"", part, "\": bad weight"));
    }
    locality.addresses = absl::StrSplit(weighted.second, ',', absl::SkipEmpty());
    assignment.push_back(std::move(locality));
  }
  return assignment;
}

int ServeControlPlane() {
  testing::AdsServer server;
  if (server.address().empty()) {
    std::cerr << "control plane: cannot listen on loopback\n";
    return 1;
  }
  std::cout << server.address().substr(server.address().rfind(':') + 1) << std::endl;

  testing::ServiceResources service;
  service.name = "echo";
  service.retry_on = "unavailable";
  std::string line;
  while (std::getline(std::cin, line)) {
    const absl::StatusOr<std::vector<LocalityAssignment>> assignment = ParseAssignment(line);
    if (!assignment.ok()) {
      std::cout << assignment.status().message() << std::endl;
      continue;
    }
    std::vector<testing::ServiceResources::Locality> localities;
    for (const LocalityAssignment& locality : *assignment) {
      localities.push_back(
          {locality.locality, static_cast<uint32_t>(locality.weight), 0, locality.addresses});
    }
    testing::ServeService(service, localities, &server);
    std::cout << "ok" << std::endl;
  }
  return 0;
}

}  // namespace mesh::demo
