#ifndef TESTS_TESTING_XDS_RESOURCES_H_
#define TESTS_TESTING_XDS_RESOURCES_H_

#include <vector>

#include "tests/testing/ads_server.h"
#include "tests/testing/service_resources.h"

namespace mesh::testing {

// Serves `name` with one route to one cluster, `name` + "-cluster", with those endpoints: sets and
// pushes all four resources.
void ServeService(const ServiceResources& service,
                  const std::vector<ServiceResources::Locality>& localities, AdsServer* server);

}  // namespace mesh::testing

#endif  // TESTS_TESTING_XDS_RESOURCES_H_
