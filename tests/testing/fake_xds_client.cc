#include "tests/testing/fake_xds_client.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace mesh::testing {

class FakeXdsClient::FakeSubscription final : public Subscription {
 public:
  FakeSubscription(FakeXdsClient* client, Name name, xds::ResourceWatcher* watcher)
      : client_(client), name_(std::move(name)), watcher_(watcher) {
    if (client_->subscriptions_[name_].empty()) {
      client_->log_.push_back(absl::StrCat("+", name_.second));
    }
    client_->subscriptions_[name_].insert(this);
  }
  ~FakeSubscription() override {
    const auto found = client_->subscriptions_.find(name_);
    found->second.erase(this);
    if (!found->second.empty()) return;
    client_->subscriptions_.erase(found);
    client_->log_.push_back(absl::StrCat("-", name_.second));
  }

  xds::ResourceWatcher* watcher() const { return watcher_; }
  // Expires with the subscription.
  std::weak_ptr<FakeSubscription*> self() const { return self_; }

 private:
  FakeXdsClient* const client_;
  const Name name_;
  xds::ResourceWatcher* const watcher_;
  const std::shared_ptr<FakeSubscription*> self_ = std::make_shared<FakeSubscription*>(this);
};

FakeXdsClient::~FakeXdsClient() { EXPECT_TRUE(subscriptions_.empty()); }

void FakeXdsClient::Set(absl::string_view type_url, absl::string_view name,
                        std::shared_ptr<const xds::Resource> resource) {
  const Name key(type_url, name);
  states_[key] = State{resource, absl::OkStatus(), absl::OkStatus()};
  Tell(key, [this, resource](xds::ResourceWatcher* watcher) {
    watcher->OnResourceChanged(resource, hold_);
  });
}

void FakeXdsClient::SetError(absl::string_view type_url, absl::string_view name,
                             absl::Status error) {
  const Name key(type_url, name);
  states_[key] = State{nullptr, error, absl::OkStatus()};
  Tell(key,
       [this, error](xds::ResourceWatcher* watcher) { watcher->OnResourceError(error, hold_); });
}

void FakeXdsClient::SetAmbient(absl::string_view type_url, absl::string_view name,
                               absl::Status error) {
  const Name key(type_url, name);
  states_[key].ambient = error;
  Tell(key,
       [this, error](xds::ResourceWatcher* watcher) { watcher->OnAmbientError(error, hold_); });
}

void FakeXdsClient::Forget(absl::string_view type_url, absl::string_view name) {
  states_.erase(Name(type_url, name));
}

std::set<FakeXdsClient::Name> FakeXdsClient::watched() const {
  std::set<Name> names;
  for (const auto& entry : subscriptions_) names.insert(entry.first);
  return names;
}

std::vector<std::string> FakeXdsClient::TakeSubscriptionLog() {
  return std::exchange(log_, std::vector<std::string>());
}

std::unique_ptr<xds::XdsClient::Subscription> FakeXdsClient::Watch(const xds::ResourceType* type,
                                                                   absl::string_view name,
                                                                   xds::ResourceWatcher* watcher) {
  serializer_->AssertHeld();
  const Name key(type->type_url(), name);
  auto subscription = std::make_unique<FakeSubscription>(this, key, watcher);
  const auto known = states_.find(key);
  if (known == states_.end()) return subscription;
  const State& state = known->second;
  if (state.resource != nullptr) {
    Deliver(subscription->self(), [this, resource = state.resource](xds::ResourceWatcher* w) {
      w->OnResourceChanged(resource, hold_);
    });
  }
  if (!state.error.ok()) {
    Deliver(subscription->self(), [this, error = state.error](xds::ResourceWatcher* w) {
      w->OnResourceError(error, hold_);
    });
  }
  if (!state.ambient.ok()) {
    Deliver(subscription->self(), [this, error = state.ambient](xds::ResourceWatcher* w) {
      w->OnAmbientError(error, hold_);
    });
  }
  return subscription;
}

std::vector<xds::ResourceStatus> FakeXdsClient::resources() const {
  std::vector<xds::ResourceStatus> all;
  for (const auto& entry : subscriptions_) {
    xds::ResourceStatus status;
    status.type_url = entry.first.first;
    status.name = entry.first.second;
    const auto known = states_.find(entry.first);
    if (known != states_.end()) {
      status.state = known->second.resource != nullptr ? xds::ResourceStatus::State::kAcked
                                                       : xds::ResourceStatus::State::kDoesNotExist;
      status.error = known->second.error;
    }
    all.push_back(std::move(status));
  }
  return all;
}

void FakeXdsClient::Tell(const Name& name, Notice notice) {
  if (changed_ != nullptr) serializer_->Post([this] { changed_(); });
  const auto found = subscriptions_.find(name);
  if (found == subscriptions_.end()) return;
  for (FakeSubscription* subscription : found->second) Deliver(subscription->self(), notice);
}

void FakeXdsClient::Deliver(const std::weak_ptr<FakeSubscription*>& to, Notice notice) {
  serializer_->Post([to, notice = std::move(notice)] {
    const std::shared_ptr<FakeSubscription*> subscription = to.lock();
    if (subscription != nullptr) notice((*subscription)->watcher());
  });
}

}  // namespace mesh::testing
