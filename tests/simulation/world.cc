#include "tests/simulation/world.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "mesh/base/random.h"
#include "resolver/xds/xds_resolver.h"
#include "tests/resolver/fake_host_resolver.h"

namespace mesh::simulation {
namespace {

// What no world of a few endpoints and calls should ever have queued.
constexpr size_t kMostTasks = 100;
constexpr size_t kMostTimers = 300;
constexpr size_t kMostMessages = 200;
// A look at every endpoint costs more than the step that it follows.
constexpr uint64_t kStepsPerLook = 64;

}  // namespace

World::World(const Options& options)
    : trace_(&clock_, options.keep_trace),
      script_dice_(options.seed, 1),
      library_dice_(options.seed, 2),
      network_dice_(options.seed, 3),
      control_dice_(options.seed, 4),
      call_dice_(options.seed, 5),
      plant_(options.plant),
      max_connected_(options.max_connected_endpoints),
      types_(xds::NewResourceTypes(Profile::kMesh)) {
  SeedFastRandom(options.seed);  // what picks draw
  control_plane_.set_loses_pushes(plant_ == Plant::kLosesPush);
  ledger_.set_keeps_identity(!has_subsets());
  connector_.set_at_moment([this] { AtMoment(); });
  connector_.set_deaf(plant_ == Plant::kDeafConnection);
  clusters_ = cluster::ClusterTable::Create(ClusterOptions());
  call::CallEnvironment::Options environment;
  environment.serializer = &serializer_;
  environment.clock = &clock_;
  environment.clusters = clusters_.get();
  environment.epochs = epochs_;
  environment.reaper = reaper_;
  environment_ = call::CallEnvironment::Create(std::move(environment));
  serializer_.RunAndWait([&] { client_ = xds::XdsClient::Create(ClientOptions(options)); });
  hosts_ = std::make_unique<resolver::HostTable>(
      &serializer_, library_dice_.random(),
      std::make_unique<testing::FakeHostResolver>(
          &serializer_, std::make_shared<testing::FakeHostResolver::Record>()));

  SimCall::World calls;
  calls.network = &network_;
  calls.ledger = &ledger_;
  calls.violations = &violations_;
  calls.trace = &trace_;
  calls.dice = &call_dice_;
  calls.leaked = &leaked_;
  calls.plant = plant_;
  caller_ = std::make_unique<Caller>(&executor_, calls);
}

World::~World() {
  if (!torn_down_) TearDown();
  // What a fault has left, while there is somebody to destroy it on this thread.
  leaked_.clear();
  kept_.clear();
  caller_ = nullptr;
  executor_.RunReady();
  reaper_->Close();
}

cluster::ClusterTable::Options World::ClusterOptions() {
  cluster::ClusterTable::Options options;
  options.serializer = &serializer_;
  options.epochs = epochs_.get();
  options.clock = &clock_;
  options.random = library_dice_.random();
  options.connector = &connector_;
  options.reaper = reaper_;
  options.max_connected_endpoints = static_cast<uint32_t>(max_connected_);
  return options;
}

xds::XdsClient::Options World::ClientOptions(const Options& options) {
  xds::ServerConfig server;
  server.server_uri = "sim:///control-plane";
  server.ignore_resource_deletion = options.ignore_resource_deletion;
  xds::XdsClient::Options client;
  client.bootstrap.servers.push_back(server);
  client.bootstrap.node.id = "node";
  client.transports = control_plane_.transports();
  client.serializer = &serializer_;
  client.clock = &clock_;
  client.random = library_dice_.random();
  client.log = [this](LogSeverity, absl::string_view text) {
    trace_.Note("log: ", text);
    log_.emplace_back(text);
  };
  return client;
}

void World::OpenChannel(const std::string& service) {
  const auto known = targets_.find(service);
  if (known != targets_.end()) {
    if (known->second.open) return;
    trace_.Note("channel to ", service, ", again");
    known->second.open = true;
    known->second.core->AddChannel();
    caller_->AddTarget(service, known->second.core);
    return;
  }
  resolver::XdsResolver::Options options;
  options.serializer = &serializer_;
  options.client = client_.get();
  options.types = &types_;
  options.hosts = hosts_.get();
  options.listener_name = service;
  options.domain = service;
  auto resolver =
      std::make_unique<OverheardResolver>(service, resolver::NewXdsResolver(std::move(options)),
                                          &serializer_, &ledger_, plant_, [this] { AtMoment(); });
  Target& target = targets_[service];
  target.resolver = resolver.get();
  call::ChannelCore::Options core;
  core.environment = environment_;
  core.target = absl::StrCat("xds:///", service);
  core.authority = service;
  core.resolver = std::unique_ptr<resolver::Resolver>(std::move(resolver));
  target.core = call::ChannelCore::Create(std::move(core));
  target.core->AddChannel();
  caller_->AddTarget(service, target.core);
  trace_.Note("channel to ", service);
  serializer_.Post([core = target.core] { core->Start(); });
}

void World::CloseChannel(const std::string& service) {
  Target& target = targets_.at(service);
  trace_.Note("no channel to ", service);
  target.open = false;
  caller_->ForgetTarget(service);
  target.core->RemoveChannel();
  serializer_.Post([this, service] { ForgetIfUnused(service); });
}

// As Runtime::ForgetIfUnused() does.
void World::ForgetIfUnused(const std::string& service) {
  const auto found = targets_.find(service);
  if (found == targets_.end() || found->second.open) return;
  if (found->second.core->registry().size() > 0) {
    executor_.PostAfter(absl::Seconds(1), [this, service] {
      serializer_.Post([this, service] { ForgetIfUnused(service); });
    });
    return;
  }
  trace_.Note(service, " is forgotten");
  const std::shared_ptr<call::ChannelCore> core = std::move(found->second.core);
  targets_.erase(found);
  ledger_.Forget(service);
  core->Shutdown(absl::UnavailableError("the channel was dropped"));
}

void World::AtMoment() {
  if (caller_ != nullptr && call_dice_.OneIn(4)) caller_->Interlope();
}

void World::After(absl::Duration delay, std::function<void()> action) {
  executor_.PostAfter(delay, [this, action = std::move(action)] {
    if (!torn_down_) action();
  });
}

void World::RunFor(absl::Duration duration) {
  const absl::Time end = clock_.Now() + duration;
  while (executor_.Step(end)) CheckStep();
}

void World::CheckStep() {
  caller_->Check();
  CheckPublished();
  for (const auto& [key, endpoint] : ledger_.seen()) {
    if (plant_ == Plant::kNewEndpoints) break;  // they are gone, which is the fault
    const auto found = network_.in_flight().find(key.second);
    const uint64_t attempts = found == network_.in_flight().end() ? 0 : found->second;
    if (endpoint->in_flight() > attempts) {
      violations_.Add(Invariant::kPermits, key.second, " counts ", endpoint->in_flight(),
                      " in flight, but there are ", attempts);
    }
  }
  if (++steps_ % kStepsPerLook == 0) CheckInFlight();
  if (executor_.pending_tasks() > kMostTasks || executor_.pending_timers() > kMostTimers ||
      control_plane_.queued() > kMostMessages) {
    violations_.Add(Invariant::kGrowth, executor_.pending_tasks(), " tasks, ",
                    executor_.pending_timers(), " timers, ", control_plane_.queued(), " messages");
  }
  if (!control_plane_.misuse().empty()) {
    violations_.Add(Invariant::kProtocol, control_plane_.misuse());
  }
}

// That what calls read has a cluster behind each route; looked at when it may have changed.
void World::CheckPublished() {
  if (configs_checked_ == ledger_.count()) return;
  configs_checked_ = ledger_.count();
  for (const auto& [service, target] : targets_) {
    const EpochReader reader(*epochs_);
    const call::CallConfig* const config = target.core->config(reader);
    if (config == nullptr || !config->status.ok()) continue;
    for (const call::CallRoute& route : config->routes) {
      if (route.shares.empty()) {
        violations_.Add(Invariant::kRoutes, service, ": a published route has no cluster");
        continue;
      }
      if (plant_ != Plant::kKeepsClusters) continue;
      for (const auto& share : route.shares) kept_.push_back(share.cluster);
    }
  }
}

// Every endpoint, also those that no native call has picked yet.
void World::CheckInFlight() {
  std::vector<Snapshot> snapshots;
  serializer_.RunAndWait([&] {
    for (const auto& entry : targets_) {
      entry.second.core->FillSnapshot(&snapshots.emplace_back());
    }
  });
  std::map<std::string, uint64_t> counted;
  for (const Snapshot& snapshot : snapshots) {
    std::map<std::string, uint64_t> here;
    for (const auto& cluster : snapshot.clusters) {
      for (const auto& locality : cluster.localities) {
        for (const auto& endpoint : locality.endpoints) {
          here[endpoint.address] = endpoint.in_flight;
        }
      }
    }
    for (const auto& [address, count] : here) counted[address] = std::max(counted[address], count);
  }
  for (const auto& [address, count] : counted) {
    const auto found = network_.in_flight().find(address);
    const uint64_t attempts = found == network_.in_flight().end() ? 0 : found->second;
    if (count <= attempts) continue;
    violations_.Add(Invariant::kPermits, address, " counts ", count, " in flight, but there are ",
                    attempts);
  }
}

Snapshot World::SnapshotOf(const std::string& service) {
  Snapshot snapshot;
  serializer_.RunAndWait([&] { targets_.at(service).core->FillSnapshot(&snapshot); });
  return snapshot;
}

std::vector<xds::ResourceStatus> World::Resources() {
  std::vector<xds::ResourceStatus> resources;
  serializer_.RunAndWait([&] { resources = client_->resources(); });
  return resources;
}

std::vector<xds::ServerStatus> World::ControlPlanes() {
  std::vector<xds::ServerStatus> servers;
  serializer_.RunAndWait([&] { servers = client_->servers(); });
  return servers;
}

// In the order of Runtime's destructor.
void World::TearDown() {
  torn_down_ = true;
  trace_.Note("the mesh is taken down");
  caller_->Stop();
  serializer_.RunAndWait([this] {
    for (auto& entry : targets_) {
      entry.second.core->Shutdown(absl::UnavailableError("the mesh was destroyed"));
    }
  });
  // Two seconds for what is in flight; one that has no end would block Close().
  for (int i = 0; i < 20; ++i) executor_.Advance(absl::Milliseconds(100));
  if (network_.total_in_flight() > 0) {
    violations_.Add(Invariant::kGrowth, network_.total_in_flight(), " attempts do not end");
    return;
  }
  if (caller_->open() > 0 && plant_ == Plant::kNone) {
    violations_.Add(Invariant::kOneStatus, caller_->open(), " calls have no status in the end");
  }
  environment_->Close();
  caller_->ForgetTargets();
  for (auto& entry : targets_) {
    if (entry.second.open) entry.second.core->RemoveChannel();
  }
  targets_.clear();
  serializer_.RunAndWait([this] {
    client_ = nullptr;
    clusters_ = nullptr;
  });
  serializer_.Shutdown();
  executor_.Advance(absl::Minutes(2));
  if (connector_.live() > 0 || servers_.listeners() > 0 || executor_.pending_timers() > 0) {
    violations_.Add(Invariant::kGrowth, "in the end there are ", connector_.live(),
                    " connections, ", servers_.listeners(), " listeners, ",
                    executor_.pending_timers(), " timers");
  }
}

}  // namespace mesh::simulation
