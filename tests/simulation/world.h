#ifndef TESTS_SIMULATION_WORLD_H_
#define TESTS_SIMULATION_WORLD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mesh/base/epoch.h"
#include "mesh/base/reaper.h"
#include "mesh/base/serializer.h"
#include "mesh/call/call_environment.h"
#include "mesh/call/channel_core.h"
#include "mesh/cluster/cluster_table.h"
#include "mesh/xds/resources/types.h"
#include "mesh/xds/xds_client.h"
#include "resolver/dns/host_table.h"
#include "tests/simulation/caller.h"
#include "tests/simulation/config_ledger.h"
#include "tests/simulation/control_plane.h"
#include "tests/simulation/mesh_model.h"
#include "tests/simulation/servers.h"
#include "tests/simulation/sim_connector.h"
#include "tests/simulation/sim_target.h"
#include "tests/simulation/sim_transport.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"

namespace mesh::simulation {

// A whole mesh on one thread: the real client, resolver, clusters, channels and attempts, put
// together as mesh/runtime.h does, over a control plane, servers and a network that are simulated.
// A seed decides all that is not decided. Thread-compatible.
class World {
 public:
  struct Options {
    uint64_t seed = 1;
    bool keep_trace = false;
    Plant plant = Plant::kNone;
    bool ignore_resource_deletion = false;  // of the bootstrap (gRFC A53)
    // The most endpoints of a cluster that are connected.
    uint32_t max_connected_endpoints = 128;
  };

  explicit World(const Options& options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  ControlPlane& control_plane() { return control_plane_; }
  Servers& servers() { return servers_; }
  MeshModel& model() { return model_; }
  Caller& caller() { return *caller_; }
  Violations& violations() { return violations_; }
  Trace& trace() { return trace_; }
  // Of the script: what happens when, to whom.
  Dice& dice() { return script_dice_; }
  SimConnector& connector() { return connector_; }
  absl::Duration now() const { return trace_.now(); }

  // Scripts count their time from here.
  void BeginScript() { script_begin_ = now(); }
  absl::Duration script_now() const { return now() - script_begin_; }
  absl::Duration script_begin() const { return script_begin_; }
  // What a script has to remember of a run, by name; 0 at first.
  uint64_t& noted(const std::string& name) { return noted_[name]; }

  // An application opens a channel to `xds:///service`.
  void OpenChannel(const std::string& service);
  // It drops the channel. Calls in flight go on; once there are none, the target is forgotten.
  void CloseChannel(const std::string& service);
  bool has_channel(const std::string& service) const {
    return targets_.count(service) > 0 && targets_.at(service).open;
  }

  // Does `action` so much later.
  void After(absl::Duration delay, std::function<void()> action);
  // Lets the time go on, and checks after each step that nothing is broken which must hold always.
  void RunFor(absl::Duration duration);

  // What holds in a world that has been calm for a while: everything is as the model has it, every
  // endpoint that lives is reached, and nothing is left over. Runs on for a few seconds.
  void CheckCalm();
  // Takes the mesh down, with all that is in flight, and checks that nothing is left.
  void TearDown();

  Snapshot SnapshotOf(const std::string& service);
  std::vector<xds::ResourceStatus> Resources();
  std::vector<xds::ServerStatus> ControlPlanes();
  std::vector<std::string>& log() { return log_; }

 private:
  friend class CalmCheck;
  struct Target {
    std::shared_ptr<call::ChannelCore> core;
    OverheardResolver* resolver = nullptr;  // the core's
    bool open = true;                       // else it waits for its last call
  };

  cluster::ClusterTable::Options ClusterOptions();
  xds::XdsClient::Options ClientOptions(const Options& options);
  bool has_subsets() const { return max_connected_ < 128; }
  void ForgetIfUnused(const std::string& service);
  // Something has just changed, and the turns that it leads to have not run yet: threads that call
  // may do so now, and some do.
  void AtMoment();
  void CheckStep();
  void CheckPublished();
  void CheckInFlight();

  testing::FakeClock clock_;
  testing::FakeExecutor executor_{&clock_};
  Trace trace_;
  Violations violations_{&trace_};
  Dice script_dice_, library_dice_, network_dice_, control_dice_, call_dice_;
  const Plant plant_;
  const size_t max_connected_;
  const std::shared_ptr<Reaper> reaper_ = std::make_shared<Reaper>(&executor_);
  const std::shared_ptr<EpochDomain> epochs_ = std::make_shared<EpochDomain>();
  Serializer serializer_{&executor_};
  ConfigLedger ledger_{&trace_, &violations_};
  Servers servers_{&trace_};
  CallNetwork network_{&executor_, &clock_, &servers_, &trace_, &network_dice_};
  SimConnector connector_{&serializer_, &servers_, &trace_, &network_dice_};
  ControlPlane control_plane_{&executor_, &serializer_, &trace_, &control_dice_};
  MeshModel model_{&control_plane_};
  const xds::ResourceTypes types_;
  std::vector<std::string> log_;
  std::unique_ptr<cluster::ClusterTable> clusters_;
  std::shared_ptr<call::CallEnvironment> environment_;
  std::unique_ptr<xds::XdsClient> client_;
  std::unique_ptr<resolver::HostTable> hosts_;  // nobody answers: no cluster is resolved by DNS
  std::vector<cluster::Permit> leaked_;
  std::vector<std::shared_ptr<cluster::Cluster>> kept_;  // where that is planted
  std::unique_ptr<Caller> caller_;
  std::map<std::string, Target> targets_;
  absl::Duration script_begin_;
  std::map<std::string, uint64_t> noted_;
  uint64_t steps_ = 0;
  uint64_t configs_checked_ = 0;
  bool torn_down_ = false;
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_WORLD_H_
