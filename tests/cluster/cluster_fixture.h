#ifndef TESTS_CLUSTER_CLUSTER_FIXTURE_H_
#define TESTS_CLUSTER_CLUSTER_FIXTURE_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "mesh/base/epoch.h"
#include "mesh/base/random.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/cluster/cluster_table.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_connector.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/fake_load_watcher.h"
#include "tests/testing/fake_prober.h"

namespace mesh::cluster {

using testing::FakeClock;
using testing::FakeConnector;
using testing::FakeExecutor;
using wire::ConnectionState;

// A locality of a test's cluster.
struct TestLocality {
  std::string zone;
  std::vector<model::EndpointConfig> endpoints;
  uint32_t priority = 0;
  uint32_t weight = 1;
};

// Plain endpoints of weight 1.
inline std::vector<model::EndpointConfig> Endpoints(const std::vector<std::string>& addresses) {
  std::vector<model::EndpointConfig> endpoints;
  for (const std::string& address : addresses) endpoints.push_back({address});
  return endpoints;
}

// `prefix` and a number from 0 on, as plain endpoints.
inline std::vector<model::EndpointConfig> Numbered(const std::string& prefix, int count) {
  std::vector<std::string> addresses;
  for (int i = 0; i < count; ++i) addresses.push_back(prefix + std::to_string(i));
  return Endpoints(addresses);
}

inline std::shared_ptr<const model::ClusterLoadAssignment> Assignment(
    const std::vector<TestLocality>& localities) {
  auto assignment = std::make_shared<model::ClusterLoadAssignment>();
  assignment->cluster_name = "eds";
  for (const TestLocality& locality : localities) {
    auto endpoints = std::make_shared<model::LocalityEndpoints>();
    endpoints->locality.zone = locality.zone;
    endpoints->priority = locality.priority;
    endpoints->weight = locality.weight;
    endpoints->endpoints = model::EndpointList::Of(locality.endpoints);
    assignment->localities.push_back(std::move(endpoints));
  }
  return assignment;
}

inline model::ClusterConfig Config(const std::vector<TestLocality>& localities,
                                   model::Cluster cluster = {}) {
  cluster.name = "c";
  cluster.eds_service_name = "eds";
  model::ClusterConfig config;
  config.key = {"", "c", "eds"};
  config.cluster = std::make_shared<const model::Cluster>(cluster);
  config.endpoints = Assignment(localities);
  return config;
}

inline model::ClusterConfig Config(const std::vector<model::EndpointConfig>& endpoints,
                                   model::Cluster cluster = {}) {
  return Config(std::vector<TestLocality>{{"a", endpoints}}, std::move(cluster));
}

// A table on one thread: everything the serializer has to do is done when a step returns.
class ClusterTest : public ::testing::Test {
 protected:
  explicit ClusterTest(uint32_t max_connected = 128) {
    SeedFastRandom(1);  // what picks of this thread draw
    MakeTable(max_connected);
  }

  ~ClusterTest() override {
    cluster_.reset();
    On([this] { table_.reset(); });
    reaper_->Close();
    Settle();
    serializer_.Shutdown();
  }

  void MakeTable(uint32_t max_connected) {
    ClusterTable::Options options;
    options.serializer = &serializer_;
    options.epochs = &epochs_;
    options.clock = &clock_;
    options.random = random_.get();
    options.connector = &connector_;
    options.prober = &prober_;
    options.load_watcher = &load_watcher_;
    options.log = [this](LogSeverity, absl::string_view text) { log_.emplace_back(text); };
    options.reaper = reaper_;
    options.max_connected_endpoints = max_connected;
    On([&] { table_ = ClusterTable::Create(std::move(options)); });
  }

  // Runs all that is due.
  void Settle() {
    executor_.RunReady();
    serializer_.RunAndWait([this] { epochs_.Reclaim(); });
    executor_.RunReady();
  }
  // Runs `step` on the serializer, and all that follows from it.
  template <typename Step>
  void On(Step step) {
    serializer_.RunAndWait(step);
    Settle();
  }
  void Advance(absl::Duration by) {
    executor_.Advance(by);
    Settle();
  }

  void Apply(const model::ClusterConfig& config) {
    On([&] { cluster_ = table_->Apply(config, cluster_); });
  }
  void Connect() {
    On([&] { cluster_->Connect(); });
  }
  void Become(absl::string_view address, ConnectionState state) {
    On([&] {
      const absl::Status reason = state == ConnectionState::kFailing
                                      ? absl::UnavailableError(std::string(address) + ": refused")
                                      : absl::OkStatus();
      connector_.Become(address, state, reason);
    });
  }
  std::vector<std::string> Wanted() {
    std::vector<std::string> wanted;
    On([&] { wanted = connector_.Wanted(); });
    return wanted;
  }
  Snapshot::Cluster SnapshotNow() {
    Snapshot::Cluster snapshot;
    On([&] { snapshot = cluster_->snapshot(); });
    return snapshot;
  }

  PickResult Pick(const PickRequest& request = {}) {
    const EpochReader reader(epochs_);
    return cluster_->Pick(request, reader);
  }
  // The address, `pending`, or the text of the failure.
  std::string PickText() {
    const PickResult result = Pick();
    if (const auto* picked = std::get_if<Picked>(&result)) {
      return picked->permit.endpoint()->address();
    }
    if (const auto* failed = std::get_if<Failed>(&result)) {
      return std::string(failed->status.message());
    }
    if (const auto* dropped = std::get_if<Dropped>(&result)) {
      return std::string(dropped->status.message());
    }
    return "pending";
  }
  // Makes `n` calls that end with `code`; how often each address got one.
  std::map<std::string, int> Calls(int n, int code, const std::string& failing = "") {
    std::map<std::string, int> calls;
    for (int i = 0; i < n; ++i) {
      PickRequest request;
      request.awaits_answer = true;
      PickResult result = Pick(request);
      auto* const picked = std::get_if<Picked>(&result);
      if (picked == nullptr) {
        ++calls["none"];
        continue;
      }
      const std::string address = picked->permit.endpoint()->address();
      ++calls[address];
      Report report;
      report.status_code = failing.empty() || failing == address ? code : 0;
      picked->permit.End(report);
      Settle();  // what the call told the cluster
    }
    return calls;
  }
  // How often each address comes in `n` picks.
  std::map<std::string, int> Shares(int n) {
    std::map<std::string, int> shares;
    for (int i = 0; i < n; ++i) ++shares[PickText()];
    return shares;
  }
  std::vector<std::string> Picks(int n) {
    std::vector<std::string> addresses;
    for (const auto& [address, count] : Shares(n)) addresses.push_back(address);
    return addresses;
  }

  FakeClock clock_;
  FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  EpochDomain epochs_;
  std::unique_ptr<Random> random_ = NewSeededRandom(1);
  std::shared_ptr<Reaper> reaper_ = std::make_shared<Reaper>(&executor_);
  FakeConnector connector_{&serializer_};
  testing::FakeProber prober_{&serializer_};
  testing::FakeLoadWatcher load_watcher_{&serializer_};
  std::vector<std::string> log_;  // serializer-bound
  std::unique_ptr<ClusterTable> table_;
  std::shared_ptr<Cluster> cluster_;
};

}  // namespace mesh::cluster

#endif  // TESTS_CLUSTER_CLUSTER_FIXTURE_H_
