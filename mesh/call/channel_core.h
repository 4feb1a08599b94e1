#ifndef MESH_CALL_CHANNEL_CORE_H_
#define MESH_CALL_CHANNEL_CORE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/node_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mesh/base/mutex.h"
#include "mesh/base/published.h"
#include "mesh/call/call_config.h"
#include "mesh/call/call_environment.h"
#include "mesh/call/call_registry.h"
#include "mesh/call/channel_state.h"
#include "mesh/call/waiter.h"
#include "mesh/model/snapshot.h"
#include "resolver/resolver.h"

namespace mesh::call {

class TargetWatch;

// All that the channels to one target share: what the target stands for now, as calls read it,
// the calls in flight and the calls held until there is an endpoint.
//
// Held by the mesh, by channels and, while there are any, by calls. What is not marked otherwise
// is thread-safe; the last reference may be dropped on any thread.
class ChannelCore final : public std::enable_shared_from_this<ChannelCore> {
 public:
  struct Options {
    std::shared_ptr<CallEnvironment> environment;
    std::string target;     // as the application wrote it, for messages
    std::string authority;  // of calls that set none: the target's name
    // Resolves the target; an error is what every call fails with.
    absl::StatusOr<std::unique_ptr<resolver::Resolver>> resolver;
  };

  static std::shared_ptr<ChannelCore> Create(Options options);
  // REQUIRES: it was shut down.
  ~ChannelCore();
  ChannelCore(const ChannelCore&) = delete;
  ChannelCore& operator=(const ChannelCore&) = delete;

  // --- For the mesh; on the serializer.

  // Starts to resolve. REQUIRES: called once.
  void Start();

  // Ends every call in flight with `reason` (UNAVAILABLE), soon, and every later one at once; lets
  // go of resolver and clusters. Required before CallEnvironment::Close(); no effect again.
  void Shutdown(const absl::Status& reason);

  // Sets target, error, routes, clusters and ignored.
  void FillSnapshot(Snapshot* snapshot) const;
  // A cluster as calls see it that name `match`; nothing: it is not there.
  std::optional<Snapshot::Cluster> SnapshotFor(const std::string& cluster,
                                               const model::MetadataMatch& match) const;
  // Null: there is none; then the snapshot's error says why.
  std::shared_ptr<const model::ServiceConfig> service_config() const;
  // Connects the clusters of the route that takes `path`, as a call to it would.
  void ConnectRoute(absl::string_view path);

  // Called on the serializer after each change of what FillSnapshot() tells; empty: no more.
  void SetChangeObserver(std::function<void()> observer);

  // Called on the serializer when the last channel was dropped: the mesh may shut the core down
  // and forget it, if nobody else wants it. Empty: none.
  void SetUnusedObserver(std::function<void()> observer);

  const std::string& target() const { return target_; }

  // --- For channels and calls.

  // A channel comes, or goes. The core keeps itself while there are channels or calls.
  void AddChannel();
  void RemoveChannel();

  // What the target stands for, while `reader` lives; null before anything is known.
  const CallConfig* config(const EpochReader& reader) const { return config_.Get(reader); }
  const std::string& authority() const { return authority_; }
  // A copy of a stub's `path` that lasts as long as this; the same one each time.
  const std::string* Intern(absl::string_view path);
  // `target "xds:///a": ` and `text`.
  std::string Explain(absl::string_view text) const;
  const std::shared_ptr<CallEnvironment>& environment() const { return environment_; }
  CallRegistry& registry() { return registry_; }
  ChannelState& state() { return state_; }

  // Has `call` look again at each change until it need wait no more, or its deadline is over.
  void Hold(std::shared_ptr<Waiter> call);
  // The same, but it does not look before the next change or some time is over.
  void HoldForAWhile(std::shared_ptr<Waiter> call);
  // Has `call` look again soon, if it waits: something about itself has changed.
  void Nudge(std::shared_ptr<Waiter> call);
  // Connects as a call would.
  void Connect();

 private:
  friend class TargetWatch;
  void PostHold(std::shared_ptr<Waiter> call, bool for_a_while);
  explicit ChannelCore(Options options);

  const std::shared_ptr<CallEnvironment> environment_;
  const std::string target_;
  const std::string authority_;
  Published<CallConfig> config_;  // published by the watch
  CallRegistry registry_;
  ChannelState state_;
  Mutex mutex_;
  absl::node_hash_set<std::string> paths_ ABSL_GUARDED_BY(mutex_);
  // Serializer-bound.
  std::unique_ptr<TargetWatch> watch_;  // null once shut down
  absl::Status shut_down_;              // why, once it is
  std::function<void()> on_unused_;
};

}  // namespace mesh::call

#endif  // MESH_CALL_CHANNEL_CORE_H_
