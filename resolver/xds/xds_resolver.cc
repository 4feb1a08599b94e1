#include "resolver/xds/xds_resolver.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "resolver/xds/cluster_watches.h"
#include "resolver/xds/resource_watch.h"
#include "resolver/xds/route_selection.h"
#include "resolver/xds/watch_set.h"

namespace mesh::resolver {
namespace {

using model::ServiceConfig;
using Selection = std::shared_ptr<const RouteSelection>;

bool Same(const ServiceConfig& a, const ServiceConfig& b) {
  return a.routes == b.routes && a.virtual_host == b.virtual_host && a.clusters == b.clusters &&
         a.ambient_errors == b.ambient_errors && a.ignored == b.ignored;
}

// Each change of a watched resource asks for one update, which the serializer runs when it has
// worked off what it had to do before; so changes that come together are one.
//
//                       newest_                  in_force_
//   listener, routes ──► what they select ─────► what was published ──► observer
//                          │  once all clusters   ▲
//                          └──────────────────────┘
//                             of it are known
class XdsResolverOfTarget final : public XdsResolver {
 public:
  explicit XdsResolverOfTarget(Options options)
      : options_(std::move(options)),
        serializer_(options_.serializer),
        routes_(options_.client, options_.types->route_configuration.get(),
                [this] { ScheduleUpdate(); }),
        clusters_({options_.client, options_.types->cluster.get(),
                   options_.types->cluster_load_assignment.get(), options_.hosts,
                   options_.authority, options_.local_cluster, options_.locality,
                   [this] { ScheduleUpdate(); }}) {}

  void Start(ResolverObserver* observer) override {
    serializer_->AssertHeld();
    observer_ = observer;
    listener_.emplace(options_.client, options_.types->listener.get(), options_.listener_name,
                      [this] { ScheduleUpdate(); });
    clusters_.WatchLocal();
  }

  std::vector<std::pair<std::string, std::string>> dependencies() const override {
    serializer_->AssertHeld();
    std::vector<std::pair<std::string, std::string>> resources;
    resources.emplace_back(std::string(options_.types->listener->type_url()),
                           options_.listener_name);
    routes_.List(&resources);
    clusters_.List(&resources);
    return resources;
  }

  std::vector<std::string> awaited_clusters() override {
    serializer_->AssertHeld();
    std::vector<std::string> awaited;
    if (newest_ == nullptr || newest_ == in_force_) return awaited;
    for (const std::string& cluster : newest_->clusters) clusters_.IsKnown(cluster, &awaited);
    std::sort(awaited.begin(), awaited.end());
    awaited.erase(std::unique(awaited.begin(), awaited.end()), awaited.end());
    return awaited;
  }

 private:
  void ScheduleUpdate();
  // Takes in all changes since the last update, and tells the observer what comes of them.
  void Update() ABSL_EXCLUSIVE_LOCKS_REQUIRED(*serializer_);
  // Brings `newest_` up to date. Error: the target has no configuration.
  absl::Status FollowNewest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(*serializer_);
  // Whether `newest_` is there, with each of its clusters.
  bool IsNewestComplete() ABSL_EXCLUSIVE_LOCKS_REQUIRED(*serializer_);
  // The configuration of the selection in force, of the newest resources that may go with it.
  ServiceConfig Build() ABSL_EXCLUSIVE_LOCKS_REQUIRED(*serializer_);
  // These two call the observer, which may destroy this: false if it did.
  bool Publish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(*serializer_);
  bool Fail(const absl::Status& error) ABSL_EXCLUSIVE_LOCKS_REQUIRED(*serializer_);

  const Options options_;
  Serializer* const serializer_;
  ResolverObserver* observer_ = nullptr;
  bool update_scheduled_ ABSL_GUARDED_BY(*serializer_) = false;
  // What the newest listener and routes select; null while they are not known.
  Selection newest_ ABSL_GUARDED_BY(*serializer_);
  // What was selected for the configuration that was published last, and that configuration; null
  // if there is none. An error is published while `error_` is one.
  Selection in_force_ ABSL_GUARDED_BY(*serializer_);
  std::shared_ptr<const ServiceConfig> config_ ABSL_GUARDED_BY(*serializer_);
  absl::Status error_ ABSL_GUARDED_BY(*serializer_);
  std::optional<ResourceWatch<model::Listener>> listener_;
  WatchSet<model::RouteConfiguration> routes_;
  ClusterWatches clusters_;
  // Expires with this: for tasks, and for what the observer does to us.
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

void XdsResolverOfTarget::ScheduleUpdate() {
  serializer_->AssertHeld();
  if (update_scheduled_) return;
  update_scheduled_ = true;
  serializer_->Post([this, alive = std::weak_ptr<const bool>(alive_)] {
    if (alive.expired()) return;
    serializer_->AssertHeld();
    update_scheduled_ = false;
    Update();
  });
}

void XdsResolverOfTarget::Update() {
  const absl::Status error = FollowNewest();
  if (!error.ok()) {
    if (!Fail(error)) return;
  } else {
    if (IsNewestComplete()) in_force_ = newest_;
    if (in_force_ != nullptr && !Publish()) return;
  }
  clusters_.WatchLocal();
  // What the replaced configuration alone needed is given up only now.
  routes_.EndRound();
  clusters_.EndRound();
}

absl::Status XdsResolverOfTarget::FollowNewest() {
  const std::shared_ptr<const model::Listener>& listener = listener_->value();
  if (listener == nullptr) {
    newest_ = nullptr;
    return listener_->error();
  }
  std::shared_ptr<const model::RouteConfiguration> routes;
  std::string routes_name;
  if (const auto* name = std::get_if<std::string>(&listener->routes)) {
    const ResourceWatch<model::RouteConfiguration>& watch = routes_.Need(*name);
    routes_name = *name;
    routes = watch.value();
    if (routes == nullptr) {
      newest_ = nullptr;
      if (!watch.is_known()) return absl::OkStatus();
      return absl::UnavailableError(
          absl::StrCat("Listener \"", listener->name, "\": ", watch.error().message()));
    }
  } else {
    routes = std::get<std::shared_ptr<const model::RouteConfiguration>>(listener->routes);
  }
  if (newest_ != nullptr && newest_->listener == listener && newest_->routes == routes) {
    return absl::OkStatus();
  }
  absl::StatusOr<Selection> selected =
      SelectRoutes(listener, std::move(routes), routes_name, options_.domain);
  newest_ = selected.ok() ? *std::move(selected) : nullptr;
  return selected.status();
}

bool XdsResolverOfTarget::IsNewestComplete() {
  if (newest_ == nullptr) return false;
  bool complete = true;
  // All are asked, so that all are watched from now on.
  for (const std::string& cluster : newest_->clusters) complete &= clusters_.IsKnown(cluster);
  return complete;
}

ServiceConfig XdsResolverOfTarget::Build() {
  ServiceConfig next;
  next.routes = in_force_->routes;
  next.virtual_host = in_force_->virtual_host;
  next.ignored = in_force_->ignored;
  next.clusters.reserve(in_force_->clusters.size());
  for (const std::string& name : in_force_->clusters) {
    // A control plane deletes the clusters of the old routes while the new ones wait for theirs.
    const bool is_leaving = newest_ == nullptr || !newest_->Names(name);
    next.clusters.push_back(clusters_.Make(name, is_leaving));
  }
  const auto add_error = [&next](const absl::Status& error) {
    if (!error.ok()) next.ambient_errors.emplace_back(error.message());
  };
  add_error(listener_->ambient());
  if (!in_force_->routes_name.empty()) {
    const ResourceWatch<model::RouteConfiguration>& watch = routes_.Need(in_force_->routes_name);
    add_error(watch.error());
    add_error(watch.ambient());
  }
  return next;
}

bool XdsResolverOfTarget::Publish() {
  ServiceConfig next = Build();
  if (config_ != nullptr && Same(*config_, next)) return true;
  config_ = std::make_shared<const ServiceConfig>(std::move(next));
  error_ = absl::OkStatus();
  const std::weak_ptr<const bool> alive = alive_;
  observer_->OnConfig(config_);
  return !alive.expired();
}

bool XdsResolverOfTarget::Fail(const absl::Status& error) {
  in_force_ = nullptr;
  config_ = nullptr;
  if (error_ == error) return true;
  error_ = error;
  const std::weak_ptr<const bool> alive = alive_;
  observer_->OnError(error);
  return !alive.expired();
}

}  // namespace

std::unique_ptr<XdsResolver> NewXdsResolver(XdsResolver::Options options) {
  return std::make_unique<XdsResolverOfTarget>(std::move(options));
}

}  // namespace mesh::resolver
