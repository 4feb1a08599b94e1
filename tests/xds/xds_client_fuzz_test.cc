// Runs the fuzz target over a few thousand damaged inputs from a seed, so that it stays alive.

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "mesh/xds/proto/discovery.pb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace mesh::testing {
namespace {

std::string Framed(const xds::discovery::DiscoveryResponse& response) {
  const std::string bytes = response.SerializeAsString();
  std::string framed;
  framed += static_cast<char>(bytes.size() & 0xff);
  framed += static_cast<char>(bytes.size() >> 8);
  return framed + bytes;
}

std::string Sample() {
  std::string input;
  for (const char* resource : {"a=1", "a=bad", "nothing", "a=2"}) {
    xds::discovery::DiscoveryResponse response;
    response.set_type_url("t");
    response.set_version_info("v");
    response.set_nonce("n");
    auto* any = response.add_resources();
    any->set_type_url("t");
    any->set_value(resource);
    xds::discovery::Resource wrapper;
    wrapper.set_name("a");
    *wrapper.mutable_resource() = *any;
    any = response.add_resources();
    any->set_type_url("type.googleapis.com/envoy.service.discovery.v3.Resource");
    any->set_value(wrapper.SerializeAsString());
    auto* error = response.add_resource_errors();
    error->mutable_resource_name()->set_name("a");
    error->mutable_error_detail()->set_code(5);
    input += Framed(response);
  }
  return input;
}

TEST(XdsClientFuzzTest, SurvivesDamagedResponses) {
  const std::string good = Sample();
  std::mt19937 random(20240608);
  for (int round = 0; round < 2000; ++round) {
    std::string input = good;
    for (size_t changes = random() % 8; changes > 0; --changes) {
      input[random() % input.size()] = static_cast<char>(random());
    }
    if (round % 3 == 0) input.resize(random() % input.size());
    EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size()),
              0);
  }
}

}  // namespace
}  // namespace mesh::testing
