#ifndef TESTS_FUZZ_EXCHANGE_WORLD_H_
#define TESTS_FUZZ_EXCHANGE_WORLD_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "mesh/base/serializer.h"
#include "mesh/xds/resources/types.h"
#include "mesh/xds/wire_format.h"
#include "mesh/xds/xds_client.h"
#include "resolver/dns/host_table.h"
#include "resolver/xds/xds_resolver.h"
#include "tests/resolver/fake_host_resolver.h"
#include "tests/testing/fake_ads_transport.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/fake_random.h"

namespace mesh::fuzz {

// An xDS client and the resolvers of a few targets, in a world without time, network or threads.
// Every function ends the process where the protocol or a promise of the client is broken.
// Thread-compatible.
class ExchangeWorld {
 public:
  static constexpr int kTargets = 3;  // the first is `svc`

  // `features`, as bits: ignore_resource_deletion, fail_on_data_errors,
  // resource_timer_is_transient_error.
  explicit ExchangeWorld(uint64_t features);
  ~ExchangeWorld();

  // The control plane sends `message`, if the client reads.
  void Deliver(const std::string& message);
  void Advance(absl::Duration by) { executor_.Advance(by); }
  void Close(int code);
  void ConfirmSent();
  // Starts the resolver of a target, or ends it.
  void Toggle(int target);

  // What holds at any time.
  void Check();
  // A control plane that behaves from now on brings the target `svc` its endpoints.
  void CheckRecovery();

 private:
  // Keeps the last word, and checks each configuration.
  class Observer final : public resolver::ResolverObserver {
   public:
    void OnConfig(std::shared_ptr<const model::ServiceConfig> config) override;
    void OnError(const absl::Status& status) override;
    std::shared_ptr<const model::ServiceConfig> config;
  };
  struct Target {
    Observer observer;
    std::unique_ptr<resolver::XdsResolver> resolver;
  };
  struct Request {
    std::string type_url, version, nonce;
    std::set<std::string> names;
    bool error = false;
  };

  // Reads the requests that were sent on the last stream since the last call.
  std::vector<Request> TakeRequests();
  std::shared_ptr<testing::FakeAdsStream> stream() const { return transports_.last(); }
  // Answers every request that is open, until no other names are asked for.
  void Behave();

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  testing::FakeRandom random_{{0.5}};
  testing::FakeAdsTransports transports_;
  std::unique_ptr<xds::XdsClient> client_;
  resolver::HostTable hosts_{
      &serializer_, &random_,
      std::make_unique<testing::FakeHostResolver>(
          &serializer_, std::make_shared<testing::FakeHostResolver::Record>())};  // silent
  Target targets_[kTargets];
  size_t streams_seen_ = 0;
  std::map<std::string, Request> last_requests_;  // on the last stream, by type
};

}  // namespace mesh::fuzz

#endif  // TESTS_FUZZ_EXCHANGE_WORLD_H_
