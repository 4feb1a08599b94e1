#include "tests/testing/fake_connector.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace mesh::testing {

using wire::ConnectionState;

class FakeConnector::FakeConnection final : public wire::Connection {
 public:
  FakeConnection(Serializer* serializer, const wire::ConnectionKey& key, ConnectionState outcome,
                 Observer* observer, std::shared_ptr<std::atomic<int>> live)
      : serializer_(serializer),
        key_(key),
        outcome_(outcome),
        observer_(observer),
        live_(std::move(live)) {
    live_->fetch_add(1);
  }
  ~FakeConnection() override { live_->fetch_sub(1); }

  void Connect() override {
    wanted_ = true;
    if (state() == ConnectionState::kReady) return;
    // One that fails goes on trying, and says so only when it has another state.
    if (state() != ConnectionState::kFailing) {
      Become(ConnectionState::kConnecting, absl::OkStatus());
    }
    if (outcome_ == ConnectionState::kFailing) {
      Become(outcome_, absl::UnavailableError(absl::StrCat(key_.address, ": refused")));
    } else if (outcome_ != ConnectionState::kConnecting) {
      Become(outcome_, absl::OkStatus());
    }
  }
  void Disconnect() override { wanted_ = false; }
  void Recheck() override { ++rechecks_; }
  ConnectionState state() const override { return state_.load(); }
  const std::shared_ptr<grpc::Channel>& channel() const override { return channel_; }

  void Become(ConnectionState state, const absl::Status& reason) {
    serializer_->Post([weak = std::weak_ptr<FakeConnection*>(self_), state, reason] {
      const std::shared_ptr<FakeConnection*> self = weak.lock();
      if (self == nullptr) return;
      (*self)->state_.store(state);
      (*self)->observer_->OnConnectionState(state, reason);
    });
  }

  const std::shared_ptr<FakeConnection*>& self() const { return self_; }
  bool wanted() const { return wanted_; }
  int rechecks() const { return rechecks_; }

 private:
  Serializer* const serializer_;
  const wire::ConnectionKey key_;
  const ConnectionState outcome_;
  Observer* const observer_;
  const std::shared_ptr<std::atomic<int>> live_;
  const std::shared_ptr<FakeConnection*> self_ = std::make_shared<FakeConnection*>(this);
  const std::shared_ptr<grpc::Channel> channel_;
  std::atomic<ConnectionState> state_{ConnectionState::kIdle};
  bool wanted_ = false;
  int rechecks_ = 0;
};

FakeConnector::FakeConnection* FakeConnector::connection(absl::string_view address) const {
  const auto found = connections_.find(std::string(address));
  if (found == connections_.end()) return nullptr;
  const std::shared_ptr<FakeConnection*> self = found->second.lock();
  return self == nullptr ? nullptr : *self;
}

void FakeConnector::Become(absl::string_view address, ConnectionState state,
                           const absl::Status& reason) {
  connection(address)->Become(state, reason);
}

std::string FakeConnector::AddressOf(const wire::Connection* connection) const {
  for (const auto& [address, weak] : connections_) {
    if (this->connection(address) == connection && connection != nullptr) return address;
  }
  return std::string();
}

ConnectionState FakeConnector::StateOf(absl::string_view address) const {
  const FakeConnection* const found = connection(address);
  return found == nullptr ? ConnectionState::kIdle : found->state();
}

std::vector<std::string> FakeConnector::Wanted() const {
  std::vector<std::string> wanted;
  for (const auto& [address, weak] : connections_) {
    const FakeConnection* found = connection(address);
    if (found != nullptr && found->wanted()) wanted.push_back(address);
  }
  return wanted;
}

int FakeConnector::rechecks(absl::string_view address) const {
  return connection(address)->rechecks();
}

std::unique_ptr<wire::Connection> FakeConnector::Create(const wire::ConnectionKey& key,
                                                        wire::Connection::Observer* observer) {
  const auto found = outcomes_.find(key.address);
  auto connection = std::make_unique<FakeConnection>(
      serializer_, key, found == outcomes_.end() ? outcome_ : found->second, observer, live_);
  connections_[key.address] = connection->self();
  ++made_;
  return connection;
}

}  // namespace mesh::testing
