// The state-of-the-world exchange: the whole xDS client, with real decoders and with resolvers that
// join what it says, against a control plane that follows a script. The input is a message of
// steps, in their order:
//
//   1  bytes   the control plane sends this message
//   2  number  so many milliseconds pass (60,000 at most)
//   3  number  the stream ends, with that status code
//   4  number  what was sent reaches the network
//   5  number  the resolver of one target starts, or ends
//   6  number  server features, as bits; counts only before the first other step

#include "tests/fuzz/exchange_world.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/seed_resources.h"
#include "tests/testing/xds_resources.h"

namespace mesh::fuzz {
namespace {

constexpr int kMostSteps = 64;

void Step(const xds::WireReader& step, ExchangeWorld* world) {
  if (step.is_bytes(1)) world->Deliver(std::string(step.bytes()));
  if (step.is_varint(2)) world->Advance(absl::Milliseconds(step.number() % 60'001));
  if (step.is_varint(3)) world->Close(static_cast<int>(step.number() % 17));
  if (step.is_varint(4)) world->ConfirmSent();
  if (step.is_varint(5)) world->Toggle(static_cast<int>(step.number() % ExchangeWorld::kTargets));
}

// The answers of a well-behaved control plane to a first call, twice.
std::string GoodScript(bool wrapped) {
  std::string script;
  AppendNumberField(5, 0, &script);
  AppendNumberField(4, 0, &script);
  for (const char* version : {"1", "2"}) {
    const std::pair<const char*, std::vector<std::string>> kAnswers[] = {
        {testing::kListenerType, ListenerSeeds()},
        {testing::kRouteConfigurationType, RouteConfigurationSeeds()},
        {testing::kClusterType, ClusterSeeds()},
        {testing::kClusterLoadAssignmentType, AssignmentSeeds()}};
    for (const auto& [type, resources] : kAnswers) {
      // Those of one name follow one another.
      const size_t which = version[0] == '1' ? 0 : 1;
      AppendBytesField(1, ResponseWith(type, version, version, {resources[which]}, wrapped),
                       &script);
      AppendNumberField(4, 0, &script);
    }
  }
  return script;
}

}  // namespace

bool IsWireFormat() { return true; }

void RunInput(absl::string_view input) {
  xds::WireReader steps(input);
  bool more = steps.Next();
  uint64_t features = 0;
  for (; more && steps.is_varint(6); more = steps.Next()) features = steps.number();
  ExchangeWorld world(features);
  for (int count = 0; more && count < kMostSteps; more = steps.Next(), ++count) {
    Step(steps, &world);
    world.Check();
  }
  world.CheckRecovery();
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds = {GoodScript(false), GoodScript(true)};
  std::string script = GoodScript(false);  // a stream that ends, and a timeout
  AppendNumberField(3, 14, &script);
  AppendNumberField(2, 2000, &script);
  AppendNumberField(4, 0, &script);
  AppendNumberField(5, 1, &script);
  AppendNumberField(2, 20'000, &script);
  AppendBytesField(1, ResponseWith(testing::kClusterType, "3", "3", {}), &script);
  AppendBytesField(1, "not a message", &script);
  AppendNumberField(5, 0, &script);
  seeds.push_back(script);
  for (const uint64_t features : {1, 2, 4, 7}) {
    std::string with;
    AppendNumberField(6, features, &with);
    seeds.push_back(with + script);
  }
  return seeds;
}

}  // namespace mesh::fuzz
