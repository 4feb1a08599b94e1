#include "mesh/runtime.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/security/credentials.h"
#include "mesh/admin/explain.h"
#include "mesh/call/channel.h"
#include "mesh/call/grpc_parts.h"
#include "mesh/call/interceptor_factories.h"
#include "mesh/version.h"
#include "resolver/dns/cares_host_resolver.h"
#include "resolver/dns/dns_resolver.h"
#include "resolver/resolver.h"
#include "resolver/static/static_resolver.h"

namespace mesh {
namespace {

std::string ShortTypeName(absl::string_view type_url) {
  const size_t dot = type_url.rfind('.');
  return std::string(dot == absl::string_view::npos ? type_url : type_url.substr(dot + 1));
}

Snapshot::Resource ResourceSnapshot(const xds::ResourceStatus& status) {
  Snapshot::Resource resource;
  resource.type = ShortTypeName(status.type_url);
  resource.name = status.name;
  resource.state = std::string(xds::ToString(status.state));
  resource.version = status.version;
  resource.error = std::string(status.error.message());
  resource.failed_version = status.failed_version;
  return resource;
}

bool IsUnsettled(const Explanation& explanation) {
  return std::any_of(explanation.clusters.begin(), explanation.clusters.end(),
                     [](const Explanation::Cluster& entry) { return entry.cluster.unsettled; });
}

std::vector<std::string> ClientFeatures(Profile profile) {
  // What gRPC's client says of itself, where we follow its rules.
  if (profile == Profile::kGrpc) return {"envoy.lb.does_not_support_overprovisioning"};
  return {};
}

}  // namespace

// One Mesh::Watch(), shared by its handle and the mesh. Thread-safe.
struct Runtime::ObservationState {
  Mutex mutex;  // held while the observer runs, so that its end waits for that
  Observer observer ABSL_GUARDED_BY(mutex);  // empty once the observation has ended

  bool ended() {
    MutexLock lock(&mutex);
    return observer == nullptr;
  }
};

class Runtime::ObservationHandle final : public Mesh::Observation {
 public:
  ObservationHandle(std::shared_ptr<ObservationState> state,
                    std::shared_ptr<call::CallEnvironment> environment, Task forget)
      : state_(std::move(state)),
        environment_(std::move(environment)),
        forget_(std::move(forget)) {}

  ~ObservationHandle() override {
    {
      MutexLock lock(&state_->mutex);
      state_->observer = nullptr;
    }
    environment_->Post(std::move(forget_));  // no effect once the mesh is gone
  }

 private:
  const std::shared_ptr<ObservationState> state_;
  const std::shared_ptr<call::CallEnvironment> environment_;
  Task forget_;
};

Runtime::Runtime(Options options, std::optional<xds::Bootstrap> bootstrap)
    : options_(std::move(options)),
      bootstrap_(std::move(bootstrap)),
      clock_(options_.clock != nullptr ? options_.clock : &steady_clock_),
      own_random_(options_.random != nullptr ? nullptr : NewSystemRandom()),
      random_(options_.random != nullptr ? options_.random : own_random_.get()),
      own_executor_(options_.executor != nullptr ? nullptr
                                                 : std::make_unique<ThreadExecutor>(clock_)),
      executor_(options_.executor != nullptr ? options_.executor : own_executor_.get()),
      reaper_(std::make_shared<Reaper>(executor_)),
      epochs_(std::make_shared<EpochDomain>()),
      serializer_(std::make_unique<Serializer>(executor_)),
      pump_(std::make_unique<wire::Pump>()),
      resource_types_(xds::NewResourceTypes(options_.profile)) {
  wire::GrpcConnector::Options connector;
  connector.pump = pump_.get();
  connector.serializer = serializer_.get();
  connector.reaper = reaper_;
  connector.credentials = grpc::InsecureChannelCredentials();
  connector.arguments = options_.channel_arguments;
  connector.random = random_;
  connector.interceptors = [factories = options_.interceptors] {
    return call::MakeInterceptorFactories(factories);
  };
  connector_ = std::make_unique<wire::GrpcConnector>(std::move(connector));

  cluster::ClusterTable::Options clusters;
  clusters.serializer = serializer_.get();
  clusters.epochs = epochs_.get();
  clusters.clock = clock_;
  clusters.random = random_;
  clusters.connector = connector_.get();
  clusters.reaper = reaper_;
  clusters.log = options_.log;
  clusters.max_connected_endpoints =
      options_.profile == Profile::kGrpc ? 0 : options_.max_connected_endpoints;
  prober_ = std::make_unique<wire::EndpointProber>(
      wire::GrpcProber::Options{pump_.get(), serializer_.get(), reaper_});
  clusters.prober = prober_.get();
  load_watcher_ = std::make_unique<wire::GrpcLoadWatcher>(
      wire::GrpcLoadWatcher::Options{pump_.get(), serializer_.get(), reaper_});
  clusters.load_watcher = load_watcher_.get();
  clusters.guards_against_stalls =
      options_.guards_against_stalls && options_.profile == Profile::kMesh;
  if (options_.profile == Profile::kEnvoy) {
    clusters.connection_attempt_delay = absl::Milliseconds(300);
  }
  clusters_ = cluster::ClusterTable::Create(std::move(clusters));

  call::CallEnvironment::Options environment;
  environment.serializer = serializer_.get();
  environment.clock = options_.clock;
  environment.grpc = std::make_shared<call::GrpcParts>(pump_.get(), reaper_, options_.interceptors);
  environment.hurry = [pump = pump_.get()] { return std::make_shared<wire::Pump::Hold>(pump); };
  environment.clusters = clusters_.get();
  environment.epochs = epochs_;
  environment.reaper = reaper_;
  environment_ = call::CallEnvironment::Create(std::move(environment));

  if (!bootstrap_.has_value()) return;
  ads_transports_ =
      std::make_unique<wire::GrpcAdsTransportFactory>(wire::GrpcAdsTransportFactory::Options{
          pump_.get(), serializer_.get(), absl::StrCat("mesh/", kVersion)});
  xds::XdsClient::Options client;
  client.bootstrap = *bootstrap_;
  client.user_agent_version = kVersion;
  client.client_features = ClientFeatures(options_.profile);
  client.transports = ads_transports_.get();
  client.serializer = serializer_.get();
  client.clock = clock_;
  client.random = random_;
  client.log = options_.log;
  hosts_ = std::make_unique<resolver::HostTable>(
      serializer_.get(), random_, resolver::NewCaresHostResolver(serializer_.get(), ""));
  serializer_->RunAndWait([this, &client] {
    serializer_->AssertHeld();
    xds_client_ = xds::XdsClient::Create(std::move(client));
    xds_client_->SetStatusObserver([this] { NotifySoon(); });
  });
}

// The calls first, while all that they use is there; then from the top down. What calls in flight
// still hold (endpoints, the environment) they keep alive themselves.
Runtime::~Runtime() {
  serializer_->RunAndWait([this] { TakeDown(); });
  environment_->Close();
  serializer_->RunAndWait([this] {
    xds_client_.reset();
    hosts_.reset();
    clusters_.reset();
    prober_.reset();
    load_watcher_.reset();
  });
  // The pump waits for the watches of channels, which the reaper destroys: not on an executor that
  // may be stuck.
  reaper_->RunAll();
  pump_.reset();
  serializer_->Shutdown();
  reaper_->Close();
  own_executor_.reset();
}

void Runtime::TakeDown() {
  std::map<std::string, std::shared_ptr<Target>> targets;
  {
    MutexLock lock(&mutex_);
    targets.swap(targets_);
  }
  for (const auto& [text, target] : targets) {
    target->observations.clear();
    target->xds = nullptr;
    target->core->Shutdown(absl::UnavailableError("the mesh was destroyed"));
    for (Question& question : target->questions) question.is_due = true;
    Answer(target.get());
  }
}

std::shared_ptr<grpc::ChannelInterface> Runtime::Channel(absl::string_view target) {
  MutexLock lock(&mutex_);
  return call::NewChannel(FindOrStart(target)->core);
}

std::unique_ptr<Mesh::Observation> Runtime::Watch(absl::string_view target, Observer observer) {
  auto state = std::make_shared<ObservationState>();
  {
    MutexLock lock(&state->mutex);
    state->observer = std::move(observer);
  }
  const std::string text(target);
  Send(target, [this, state](const std::shared_ptr<Target>& entry) { Observe(entry, state); });
  return std::make_unique<ObservationHandle>(std::move(state), environment_,
                                             [this, text] { ForgetIfUnused(text); });
}

void Runtime::Explain(absl::string_view target, CallDescription call, absl::Duration wait,
                      std::function<void(const Explanation&)> done) {
  Question question;
  question.call = std::move(call);
  question.done = std::move(done);
  Send(target,
       [this, question = std::move(question), wait](const std::shared_ptr<Target>& entry) mutable {
         Ask(entry, std::move(question), wait);
       });
}

void Runtime::Send(absl::string_view target,
                   absl::AnyInvocable<void(const std::shared_ptr<Target>&)> arrive) {
  MutexLock lock(&mutex_);
  const std::shared_ptr<Target> entry = FindOrStart(target);
  ++entry->arriving;
  environment_->Post([this, entry, arrive = std::move(arrive)]() mutable {
    arrive(entry);
    MutexLock lock(&mutex_);
    --entry->arriving;
  });
}

std::shared_ptr<Runtime::Target> Runtime::FindOrStart(absl::string_view target) {
  std::shared_ptr<Target>& entry = targets_[std::string(target)];
  if (entry != nullptr) return entry;
  entry = std::make_shared<Target>();
  call::ChannelCore::Options options;
  options.environment = environment_;
  options.target = std::string(target);
  options.resolver = NewResolver(target, entry.get(), &options.authority);
  entry->core = call::ChannelCore::Create(std::move(options));
  environment_->Post([this, entry = entry] {
    entry->core->SetChangeObserver([this] { NotifySoon(); });
    entry->core->SetUnusedObserver([this, text = entry->core->target()] { ForgetIfUnused(text); });
    entry->core->Start();
  });
  return entry;
}

absl::StatusOr<std::unique_ptr<resolver::Resolver>> Runtime::NewResolver(absl::string_view text,
                                                                         Target* entry,
                                                                         std::string* authority) {
  const absl::StatusOr<resolver::Target> target = resolver::Target::Parse(text);
  if (!target.ok()) return target.status();
  *authority = target->name;
  if (target->scheme == "xds") return NewXdsResolver(*target, entry);
  if (target->scheme == "dns") {
    return resolver::NewDnsResolver({serializer_.get(), clock_, random_}, *target);
  }
  return resolver::NewStaticResolver(serializer_.get(), *target);
}

absl::StatusOr<std::unique_ptr<resolver::Resolver>> Runtime::NewXdsResolver(
    const resolver::Target& target, Target* entry) {
  if (!bootstrap_.has_value()) {
    return absl::UnavailableError(
        "the mesh has no xDS bootstrap (Options::bootstrap_json, Options::bootstrap_path; "
        "GRPC_XDS_BOOTSTRAP, GRPC_XDS_BOOTSTRAP_CONFIG)");
  }
  if (!target.authority.empty()) {
    return absl::UnavailableError(
        absl::StrCat("authority \"", target.authority, "\": federation is not supported"));
  }
  resolver::XdsResolver::Options options;
  options.serializer = serializer_.get();
  options.client = xds_client_.get();
  options.types = &resource_types_;
  options.hosts = hosts_.get();
  options.listener_name = resolver::ListenerName(bootstrap_->listener_name_template, target.name);
  options.domain = target.name;
  if (options_.profile != Profile::kGrpc) options.local_cluster = options_.local_cluster;
  options.locality = {bootstrap_->node.region, bootstrap_->node.zone, bootstrap_->node.sub_zone};
  std::unique_ptr<resolver::XdsResolver> resolver = resolver::NewXdsResolver(std::move(options));
  entry->xds = resolver.get();
  return resolver;
}

void Runtime::ForgetIfUnused(const std::string& text) {
  std::shared_ptr<Target> target;
  {
    MutexLock lock(&mutex_);
    const auto found = targets_.find(text);
    if (found == targets_.end()) return;
    auto& observations = found->second->observations;
    observations.erase(std::remove_if(observations.begin(), observations.end(),
                                      [](const auto& state) { return state->ended(); }),
                       observations.end());
    if (found->second->arriving > 0 || !observations.empty() || !found->second->questions.empty() ||
        found->second->core->registry().has_channels()) {
      return;
    }
    if (found->second->core->registry().size() > 0) {  // calls go on without their channel
      serializer_->AssertHeld();
      found->second->look_again =
          serializer_->After(absl::Seconds(1), [this, text] { ForgetIfUnused(text); });
      return;
    }
    target = std::move(found->second);
    targets_.erase(found);
  }
  target->xds = nullptr;
  target->core->Shutdown(absl::UnavailableError("the channel was dropped"));
}

void Runtime::Observe(const std::shared_ptr<Target>& target,
                      std::shared_ptr<ObservationState> state) {
  target->observations.push_back(std::move(state));
  NotifySoon();
}

void Runtime::NotifySoon() {
  if (notification_is_due_) return;
  notification_is_due_ = true;
  serializer_->Post([this] { Notify(); });
}

void Runtime::Notify() {
  notification_is_due_ = false;
  std::vector<std::shared_ptr<Target>> targets;
  {
    MutexLock lock(&mutex_);
    for (const auto& [text, target] : targets_) targets.push_back(target);
  }
  for (const std::shared_ptr<Target>& target : targets) {
    Answer(target.get());
    if (target->observations.empty()) continue;
    const Snapshot snapshot = SnapshotOf(*target);
    const std::vector<std::shared_ptr<ObservationState>> observations = target->observations;
    for (const std::shared_ptr<ObservationState>& state : observations) {
      MutexLock lock(&state->mutex);
      if (state->observer != nullptr) state->observer(snapshot);
    }
  }
}

void Runtime::Ask(const std::shared_ptr<Target>& target, Question question, absl::Duration wait) {
  const auto asked = target->questions.insert(target->questions.end(), std::move(question));
  asked->is_due = wait <= absl::ZeroDuration();
  if (!asked->is_due) {
    serializer_->AssertHeld();
    // The timer goes with the question.
    asked->give_up = serializer_->After(wait, [this, asked] {
      asked->is_due = true;
      NotifySoon();
    });
  }
  NotifySoon();
}

void Runtime::Answer(Target* target) {
  if (target->questions.empty()) return;
  admin::TargetFacts facts;
  facts.config = target->core->service_config();
  facts.snapshot = SnapshotOf(*target);
  if (target->xds != nullptr) facts.awaited_clusters = target->xds->awaited_clusters();
  facts.cluster_for = [core = target->core.get()](const std::string& cluster,
                                                  const model::MetadataMatch& match) {
    return core->SnapshotFor(cluster, match);
  };
  std::list<Question> answered;
  for (auto question = target->questions.begin(); question != target->questions.end();) {
    const auto here = question++;
    if (!here->is_due) {
      target->core->ConnectRoute(here->call.path);
      const Explanation explanation = admin::ExplainCall(here->call, facts);
      if (!explanation.settled) {
        // What a cluster is about to do may change nothing, of which nobody would tell.
        if (IsUnsettled(explanation)) NotifySoon();
        continue;
      }
    }
    answered.splice(answered.end(), target->questions, here);
  }
  for (const Question& question : answered) {
    question.done(admin::ExplainCall(question.call, facts));
  }
  if (answered.empty()) return;
  environment_->Post([this, text = target->core->target()] { ForgetIfUnused(text); });
}

Snapshot Runtime::SnapshotOf(const Target& target) const {
  Snapshot snapshot;
  target.core->FillSnapshot(&snapshot);
  if (target.xds == nullptr) return snapshot;
  snapshot.node_id = bootstrap_->node.id;
  for (const xds::ServerStatus& server : xds_client_->servers()) {
    snapshot.control_planes.push_back(
        {server.server_uri, server.connected, std::string(server.error.message())});
  }
  const std::vector<std::pair<std::string, std::string>> wanted = target.xds->dependencies();
  for (const xds::ResourceStatus& status : xds_client_->resources()) {
    const std::pair<std::string, std::string> key(status.type_url, status.name);
    if (std::find(wanted.begin(), wanted.end(), key) != wanted.end()) {
      snapshot.resources.push_back(ResourceSnapshot(status));
    }
  }
  return snapshot;
}

}  // namespace mesh
