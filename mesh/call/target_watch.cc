#include "mesh/call/target_watch.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mesh/call/channel_core.h"
#include "mesh/call/snapshot_routes.h"

namespace mesh::call {
namespace {

constexpr int kDeadlineExceeded = 4;
constexpr int kUnavailable = 14;

}  // namespace

TargetWatch::TargetWatch(ChannelCore* core,
                         absl::StatusOr<std::unique_ptr<resolver::Resolver>> resolver)
    : core_(core), resolver_(std::move(resolver)) {}

TargetWatch::~TargetWatch() {
  // The resolver calls this, so it goes first.
  resolver_ = absl::CancelledError("destroyed");
  FollowClusters({});
}

void TargetWatch::Start() {
  started_ = true;
  if (!resolver_.ok()) {
    OnError(resolver_.status());
    return;
  }
  UpdateState();
  (*resolver_)->Start(this);
}

void TargetWatch::Shutdown(const absl::Status& reason) {
  shut_down_ = true;
  resolver_ = reason;
  config_ = nullptr;
  error_ = reason;
  PublishError(reason, true);
  FollowClusters({});
  UpdateState();
  HeldList held;
  held.swap(held_);
  held_at_.clear();
  UpdateHurry();
  for (Held& waiting : held) {
    waiting.call->EndWait(kUnavailable, core_->Explain(reason.message()));
  }
  on_change_ = nullptr;
}

void TargetWatch::OnConfig(std::shared_ptr<const model::ServiceConfig> config) {
  ClustersByName clusters;
  for (const std::shared_ptr<const model::ClusterConfig>& cluster : config->clusters) {
    const auto former = clusters_.find(cluster->key.cluster);
    clusters.emplace(cluster->key.cluster,
                     core_->environment()->clusters()->Apply(
                         *cluster, former == clusters_.end() ? nullptr : former->second));
  }
  config_ = std::move(config);
  error_ = absl::OkStatus();
  // A route is never there before its clusters.
  Publish(CompileCallConfig(*config_->virtual_host, clusters));
  FollowClusters(std::move(clusters));
  UpdateState();
  AdvanceHeld();
  if (on_change_) on_change_();
}

void TargetWatch::OnError(const absl::Status& status) {
  config_ = nullptr;
  error_ = status;
  PublishError(status, false);
  FollowClusters({});
  UpdateState();
  AdvanceHeld();
  if (on_change_) on_change_();
}

void TargetWatch::OnPickerChanged() {
  UpdateState();
  AdvanceHeld();
  if (on_change_) on_change_();
}

void TargetWatch::OnConnectionsChanged() {
  if (on_change_) on_change_();
}

void TargetWatch::Publish(std::unique_ptr<const CallConfig> config) {
  core_->config_.Publish(std::move(config));
}

void TargetWatch::PublishError(const absl::Status& status, bool shut_down) {
  auto config = std::make_unique<CallConfig>();
  config->status = absl::UnavailableError(status.message());
  config->shut_down = shut_down;
  Publish(std::move(config));
}

void TargetWatch::FollowClusters(ClustersByName clusters) {
  for (const auto& entry : clusters) {
    const auto known = clusters_.find(entry.first);
    if (known != clusters_.end() && known->second == entry.second) continue;
    entry.second->AddObserver(this);
  }
  for (const auto& entry : clusters_) {
    const auto kept = clusters.find(entry.first);
    if (kept != clusters.end() && kept->second == entry.second) continue;
    entry.second->RemoveObserver(this);
  }
  clusters_ = std::move(clusters);
}

void TargetWatch::UpdateState() {
  Connectivity state = Connectivity::kTransientFailure;
  if (shut_down_) {
    state = Connectivity::kShutdown;
  } else if (config_ == nullptr) {
    if (error_.ok()) state = started_ ? Connectivity::kConnecting : Connectivity::kIdle;
  } else {
    bool ready = false, connecting = false, idle = false;
    for (const auto& entry : clusters_) {
      switch (entry.second->state()) {
        case wire::ConnectionState::kReady:
          ready = true;
          break;
        case wire::ConnectionState::kConnecting:
          connecting = true;
          break;
        case wire::ConnectionState::kIdle:
          idle = true;
          break;
        case wire::ConnectionState::kFailing:
          break;
      }
    }
    if (ready) {
      state = Connectivity::kReady;
    } else if (connecting) {
      state = Connectivity::kConnecting;
    } else if (idle) {
      state = Connectivity::kIdle;
    }
  }
  core_->state().Set(state);
}

void TargetWatch::Hold(std::shared_ptr<Waiter> call, bool for_a_while) {
  // One that waits for a while looks at once if it was cancelled meanwhile.
  if (for_a_while) {
    if (call->EndIfCancelled()) return;
  } else {
    const Waiter::Step step = call->Advance();
    if (step == Waiter::Step::kTaken) return;
    for_a_while = step == Waiter::Step::kWaitAWhile;
  }
  held_.push_back({std::move(call), for_a_while, absl::InfiniteFuture(), {}});
  const auto held = std::prev(held_.end());
  held_at_.emplace(held->call.get(), held);
  SetTimer(held);
  UpdateHurry();
}

void TargetWatch::UpdateHurry() {
  if (held_.empty()) {
    hurry_ends_.Reset();
    hurry_ = nullptr;
    hurried_ = false;
  } else if (!hurried_) {
    hurried_ = true;
    CallEnvironment& environment = *core_->environment();
    hurry_ = environment.Hurry();
    environment.serializer()->AssertHeld();
    hurry_ends_ = environment.serializer()->After(kHurry, [this] { hurry_ = nullptr; });
  }
}

void TargetWatch::Nudge(const std::shared_ptr<Waiter>& call) {
  const auto found = held_at_.find(call.get());
  if (found == held_at_.end()) return;
  Advance(found->second);
  UpdateHurry();
}

void TargetWatch::AdvanceHeld() {
  for (auto held = held_.begin(); held != held_.end();) Advance(held++);
  UpdateHurry();
}

void TargetWatch::Advance(HeldList::iterator held) {
  const Waiter::Step step = held->call->Advance();
  if (step == Waiter::Step::kTaken) {
    Forget(held);
  } else {
    held->for_a_while = step == Waiter::Step::kWaitAWhile;
    SetTimer(held);
  }
}

void TargetWatch::Forget(HeldList::iterator held) {
  held_at_.erase(held->call.get());
  held_.erase(held);
}

void TargetWatch::SetTimer(HeldList::iterator held) {
  CallEnvironment& environment = *core_->environment();
  const absl::Time now = environment.clock().Now();
  absl::Time due = held->call->deadline();
  if (held->for_a_while) due = std::min(due, held->call->look_again());
  if (due == held->due) return;
  held->due = due;
  environment.serializer()->AssertHeld();
  // The timer goes with the entry, so the iterator is valid when it fires.
  held->timer = environment.serializer()->After(due - now, [this, held] { OnTimer(held); });
}

void TargetWatch::OnTimer(HeldList::iterator held) {
  // The timer's task is destroyed with the entry, after this.
  HeldList fired;
  fired.splice(fired.end(), held_, held);
  const std::shared_ptr<Waiter> call = held->call;
  held_at_.erase(call.get());
  if (call->deadline() <= core_->environment()->clock().Now()) {
    call->EndWait(
        kDeadlineExceeded,
        core_->Explain(absl::StrCat("the call waited until its deadline: ", call->WaitReason())));
  } else {
    Hold(call, false);
  }
  UpdateHurry();
}

void TargetWatch::Connect() {
  if (!started_ || shut_down_) return;
  // Where all calls of a cluster name metadata, what others would go to is not needed.
  std::set<std::string> named, plain;
  if (config_ != nullptr) {
    for (const model::Route& route : config_->virtual_host->routes) {
      for (const model::WeightedCluster& share : route.clusters) {
        (share.match == nullptr ? plain : named).insert(share.cluster);
        const auto found = clusters_.find(share.cluster);
        if (share.match != nullptr && found != clusters_.end()) {
          found->second->ConnectFor(share.match.get());
        }
      }
    }
  }
  for (const auto& [name, cluster] : clusters_) {
    if (named.count(name) == 0 || plain.count(name) > 0) cluster->Connect();
  }
  if (clusters_.empty() && resolver_.ok()) (*resolver_)->ReResolve();
}

void TargetWatch::ConnectRoute(absl::string_view path) {
  if (config_ == nullptr) return;
  for (const model::Route& route : config_->virtual_host->routes) {
    if (!route.path.Matches(path)) continue;
    for (const model::WeightedCluster& share : route.clusters) {
      const auto found = clusters_.find(share.cluster);
      if (found != clusters_.end()) found->second->ConnectFor(share.match.get());
    }
    return;
  }
}

std::optional<Snapshot::Cluster> TargetWatch::SnapshotFor(const std::string& cluster,
                                                          const model::MetadataMatch& match) const {
  const auto found = clusters_.find(cluster);
  if (found == clusters_.end()) return std::nullopt;
  return found->second->SnapshotFor(&match);
}

void TargetWatch::FillSnapshot(Snapshot* snapshot) const {
  snapshot->target = core_->target();
  snapshot->error = error_.ok() ? "" : std::string(error_.message());
  if (config_ == nullptr) return;
  snapshot->error = absl::StrJoin(config_->ambient_errors, "; ");
  snapshot->ignored = config_->ignored;
  snapshot->routes = SnapshotRoutes(*config_->virtual_host);
  for (const std::shared_ptr<const model::ClusterConfig>& cluster : config_->clusters) {
    const auto found = clusters_.find(cluster->key.cluster);
    if (found != clusters_.end()) snapshot->clusters.push_back(found->second->snapshot());
    model::AppendIgnored(*cluster, &snapshot->ignored);
  }
}

}  // namespace mesh::call
