// What a hostile control plane may send, for libFuzzer:
//
//   clang++ -std=c++17 -fsanitize=fuzzer,address ...
//
// The input is a sequence of messages, each after its length in two bytes (little endian).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "mesh/base/serializer.h"
#include "mesh/xds/xds_client.h"
#include "tests/testing/fake_ads_transport.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/fake_random.h"
#include "tests/xds/text_resource.h"

namespace mesh::testing {
namespace {

class SilentWatcher final : public xds::ResourceWatcher {
 public:
  void OnResourceChanged(std::shared_ptr<const xds::Resource>, xds::ReadHold) override {}
  void OnResourceError(const absl::Status&, xds::ReadHold) override {}
  void OnAmbientError(const absl::Status&, xds::ReadHold) override {}
};

void Run(absl::string_view input) {
  FakeClock clock;
  FakeExecutor executor(&clock);
  Serializer serializer(&executor);
  FakeRandom random({0.5});
  FakeAdsTransports transports;
  TextResourceType type("t", /*absence_is_deletion=*/true);
  SilentWatcher watcher;
  xds::XdsClient::Options options;
  options.bootstrap.servers.emplace_back();
  options.transports = &transports;
  options.serializer = &serializer;
  options.clock = &clock;
  options.random = &random;
  std::unique_ptr<xds::XdsClient> client;
  std::unique_ptr<xds::XdsClient::Subscription> subscription;
  serializer.RunAndWait([&] {
    client = xds::XdsClient::Create(options);
    subscription = client->Watch(&type, "a", &watcher);
  });
  executor.RunReady();
  while (input.size() >= 2) {
    const size_t size = static_cast<uint8_t>(input[0]) | static_cast<uint8_t>(input[1]) << 8;
    const std::string message(input.substr(2, size));
    input.remove_prefix(2 + message.size());
    if (!transports.last()->reading()) executor.Advance(absl::Minutes(3));
    serializer.RunAndWait([&] {
      if (transports.last()->reading()) transports.last()->Deliver(message);
    });
    executor.RunReady();
  }
  serializer.RunAndWait([&] {
    subscription = nullptr;
    client = nullptr;
  });
  serializer.Shutdown();
}

}  // namespace
}  // namespace mesh::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mesh::testing::Run(absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
