#include "mesh/cluster/connection_pool.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace mesh::cluster {

namespace {

std::shared_ptr<const ConnectionSet::Context> Racing(ConnectionSet::Context context,
                                                     wire::Connector* connector) {
  context.connector = connector;
  return std::make_shared<const ConnectionSet::Context>(std::move(context));
}

}  // namespace

// A connection and those who have a share of it.
class ConnectionPool::Entry final : public wire::Connection::Observer {
 public:
  Entry(ConnectionPool* pool, const wire::ConnectionKey& key)
      : pool_(pool), key_(key), connection_(Create(pool->context_)) {}

  ~Entry() override {
    if (pool_ == nullptr) return;
    const auto found = pool_->entries_.find(key_);
    if (found != pool_->entries_.end() && found->second == this) pool_->entries_.erase(found);
  }

  void AddShare(Share* share) {
    shares_.push_back(share);
    if (shares_.size() == 1 && pool_ != nullptr) pool_->ConnectSoon(self_.lock());
  }

  // Whether it connects: not if nobody asks for it any more.
  bool Connect() {
    if (shares_.empty()) return false;
    asked_ = true;
    connection_->Connect();
    return true;
  }

  void RemoveShare(Share* share) {
    shares_.erase(std::find(shares_.begin(), shares_.end(), share));
    // Whoever has calls in flight on it keeps it, but nobody wants new ones.
    if (shares_.empty() && pool_ != nullptr && asked_) connection_->Disconnect();
  }

  void OnConnectionState(wire::ConnectionState state, const absl::Status& reason) override {
    state_ = state;
    reason_ = reason;
    for (Share* share : shares_) share->observer_->OnConnectionState(state, reason);
  }

  void ForgetPool() {
    pool_ = nullptr;
    if (set_ != nullptr) set_->Stop();
  }

  wire::Connection* connection() const { return connection_.get(); }
  wire::ConnectionState state() const { return state_; }
  const absl::Status& reason() const { return reason_; }
  const std::weak_ptr<Entry>& self() const { return self_; }
  void set_self(const std::shared_ptr<Entry>& self) { self_ = self; }

 private:
  std::unique_ptr<wire::Connection> Create(std::shared_ptr<const ConnectionSet::Context> context) {
    if (!ConnectionSet::IsFor(key_)) return context->connector->Create(key_, this);
    auto set = std::make_unique<ConnectionSet>(std::move(context), key_, this);
    set_ = set.get();
    return set;
  }

  ConnectionPool* pool_;  // null once it has gone
  const wire::ConnectionKey key_;
  std::weak_ptr<Entry> self_;
  std::vector<Share*> shares_;
  bool asked_ = false;  // to connect, ever
  wire::ConnectionState state_ = wire::ConnectionState::kIdle;
  absl::Status reason_;
  ConnectionSet* set_ = nullptr;  // the connection, if it is one
  // Last: its end may tell this observer nothing that is gone.
  const std::unique_ptr<wire::Connection> connection_;
};

ConnectionPool::Share::Share(std::shared_ptr<Entry> entry, wire::Connection::Observer* observer)
    : entry_(std::move(entry)), observer_(observer) {
  entry_->AddShare(this);
}

ConnectionPool::Share::~Share() { entry_->RemoveShare(this); }

std::shared_ptr<wire::Connection> ConnectionPool::Share::connection() const {
  return {entry_, entry_->connection()};
}

wire::ConnectionState ConnectionPool::Share::state() const { return entry_->state(); }

const absl::Status& ConnectionPool::Share::reason() const { return entry_->reason(); }

ConnectionPool::ConnectionPool(ConnectionSet::Context context, absl::Duration attempt_delay,
                               std::shared_ptr<Reaper> reaper)
    : connector_({context.connector, context.serializer, attempt_delay}),
      context_(Racing(std::move(context), &connector_)),
      reaper_(std::move(reaper)) {}

void ConnectionPool::ConnectSoon(const std::shared_ptr<Entry>& entry) {
  to_connect_.push_back(entry);
  if (coming_back_ == nullptr) ConnectNext();
}

void ConnectionPool::ConnectNext() {
  coming_back_ = nullptr;
  int connects = 0;
  while (!to_connect_.empty() && connects < kConnectsPerTurn) {
    const std::shared_ptr<Entry> entry = to_connect_.front().lock();
    to_connect_.pop_front();
    if (entry != nullptr && entry->Connect()) ++connects;
  }
  if (connects == 0) return;
  coming_back_ = std::make_shared<ConnectionPool*>(this);
  context_->mailbox->Post([pool = std::weak_ptr<ConnectionPool*>(coming_back_)] {
    if (const std::shared_ptr<ConnectionPool*> alive = pool.lock()) (*alive)->ConnectNext();
  });
}

ConnectionPool::~ConnectionPool() {
  for (auto& [key, entry] : entries_) entry->ForgetPool();
}

std::unique_ptr<ConnectionPool::Share> ConnectionPool::Acquire(
    const wire::ConnectionKey& key, wire::Connection::Observer* observer) {
  Entry*& slot = entries_[key];
  std::shared_ptr<Entry> entry = slot == nullptr ? nullptr : slot->self().lock();
  if (entry == nullptr) {
    // A former entry is on its way to the serializer to be destroyed.
    const auto destroy = [mailbox = context_->mailbox, reaper = reaper_](Entry* unused) {
      Task task = [owned = std::unique_ptr<Entry>(unused)] {};
      if (!mailbox->Post(std::move(task))) reaper->Destroy(std::move(task));
    };
    entry = std::shared_ptr<Entry>(new Entry(this, key), destroy);
    entry->set_self(entry);
    slot = entry.get();
  }
  return std::unique_ptr<Share>(new Share(std::move(entry), observer));
}

}  // namespace mesh::cluster
