#include "mesh/xds/xds_client.h"

#include <utility>

#include "mesh/xds/authority.h"
#include "mesh/xds/discovery_request.h"
#include "mesh/xds/resource_entry.h"

namespace mesh::xds {
namespace {

std::string NodeBytes(const XdsClient::Options& options) {
  ClientIdentity identity;
  identity.node = options.bootstrap.node;
  identity.user_agent_name = options.user_agent_name;
  identity.user_agent_version = options.user_agent_version;
  identity.client_features = options.client_features;
  // We read resources that are wrapped in a `Resource`, and say so.
  identity.client_features.push_back("xds.config.resource-in-sotw");
  return identity.ToNodeBytes();
}

// The authorities of a client (there is one yet: the top-level one of the bootstrap), and the end
// of each serializer turn, when what happened in it is sent and told. Serializer-bound.
class AuthorityXdsClient final : public XdsClient {
 public:
  explicit AuthorityXdsClient(Options options)
      : options_(std::move(options)),
        self_(std::make_shared<AuthorityXdsClient*>(this)),
        authority_(&options_, &options_.bootstrap.servers, NodeBytes(options_),
                   [this] { OnStatusChanged(); }) {}

  std::unique_ptr<Subscription> Watch(const ResourceType* type, absl::string_view name,
                                      ResourceWatcher* watcher) override {
    options_.serializer->AssertHeld();
    auto slot = std::make_shared<WatchSlot>();
    slot->watcher = watcher;
    authority_.AddWatcher(type, name, slot);
    OnStatusChanged();
    return std::make_unique<WatchSubscription>(self_, type->type_url(), std::move(slot));
  }

  std::vector<ResourceStatus> resources() const override {
    std::vector<ResourceStatus> statuses;
    authority_.AppendResources(&statuses);
    return statuses;
  }

  std::vector<ServerStatus> servers() const override {
    std::vector<ServerStatus> statuses;
    authority_.AppendServers(&statuses);
    return statuses;
  }

  void SetStatusObserver(std::function<void()> changed) override {
    options_.serializer->AssertHeld();
    status_observer_ = std::move(changed);
  }

 private:
  class WatchSubscription final : public Subscription {
   public:
    WatchSubscription(std::weak_ptr<AuthorityXdsClient*> client, absl::string_view type_url,
                      std::shared_ptr<WatchSlot> slot)
        : client_(std::move(client)), type_url_(type_url), slot_(std::move(slot)) {}

    ~WatchSubscription() override {
      slot_->watcher = nullptr;
      const std::shared_ptr<AuthorityXdsClient*> client = client_.lock();
      if (client == nullptr) return;
      (*client)->authority_.OnWatcherEnded(type_url_);
      (*client)->OnStatusChanged();
    }

   private:
    const std::weak_ptr<AuthorityXdsClient*> client_;
    const std::string type_url_;
    const std::shared_ptr<WatchSlot> slot_;
  };

  // Settles once, at the end of what the serializer has queued now.
  void OnStatusChanged() {
    if (std::exchange(turn_ends_, true)) return;
    options_.serializer->Post([self = std::weak_ptr<AuthorityXdsClient*>(self_)] {
      const std::shared_ptr<AuthorityXdsClient*> client = self.lock();
      if (client != nullptr) (*client)->EndTurn();
    });
  }

  void EndTurn() {
    options_.serializer->AssertHeld();
    turn_ends_ = false;
    authority_.Settle();
    if (status_observer_) status_observer_();
  }

  const Options options_;
  std::function<void()> status_observer_;
  bool turn_ends_ = false;
  std::shared_ptr<AuthorityXdsClient*> self_;  // for tasks and subscriptions that outlive it
  Authority authority_;
};

}  // namespace

absl::string_view ToString(ResourceStatus::State state) {
  switch (state) {
    case ResourceStatus::State::kRequested:
      return "REQUESTED";
    case ResourceStatus::State::kDoesNotExist:
      return "DOES_NOT_EXIST";
    case ResourceStatus::State::kAcked:
      return "ACKED";
    case ResourceStatus::State::kNacked:
      return "NACKED";
    case ResourceStatus::State::kTimeout:
      return "TIMEOUT";
    case ResourceStatus::State::kReceivedError:
      return "RECEIVED_ERROR";
  }
  return "UNKNOWN";
}

std::unique_ptr<XdsClient> XdsClient::Create(Options options) {
  return std::make_unique<AuthorityXdsClient>(std::move(options));
}

}  // namespace mesh::xds
