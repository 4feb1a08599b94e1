#include "mesh/cluster/aggregate_cluster.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mesh::cluster {
namespace {

using wire::ConnectionState;

constexpr size_t kShownCauses = 5;

// Why no child can take a call.
absl::Status UnavailableAggregate(absl::string_view name,
                                  const std::vector<absl::string_view>& causes) {
  const size_t shown = std::min(causes.size(), kShownCauses);
  const size_t more = causes.size() - shown;
  return absl::UnavailableError(
      absl::StrCat("cluster \"", name, "\": none of its clusters can take a call: ",
                   absl::StrJoin(causes.begin(), causes.begin() + shown, "; "),
                   more == 0 ? "" : absl::StrCat("; and ", more, " more")));
}

// `from` as a part of an aggregate: its priorities come after `offset` others.
void AppendChild(const Snapshot::Cluster& from, bool serves, absl::string_view serving,
                 uint32_t offset, Snapshot::Cluster* to) {
  to->children.push_back({from.name, from.state, from.error});
  to->unsettled |= from.unsettled;
  if (serves) {
    to->named = from.named;
    to->subset = from.subset;
  }
  for (Snapshot::Priority priority : from.priorities) {
    if (!serves && !serving.empty() && priority.state == "serving") priority.state = "standby";
    if (!serves) priority.load = 0;
    priority.priority += offset;
    priority.cluster = from.name;
    to->priorities.push_back(std::move(priority));
  }
  for (Snapshot::Limit limit : from.limits) {
    limit.cluster = from.name;
    to->limits.push_back(std::move(limit));
  }
  for (Snapshot::LocalityEndpoints locality : from.localities) {
    locality.priority += offset;
    locality.cluster = from.name;
    if (!serves) locality.share = {};
    for (Snapshot::Endpoint& endpoint : locality.endpoints) {
      if (serves || endpoint.share.part == 0) continue;
      endpoint.share = {};
      endpoint.excluded = absl::StrCat("cluster \"", serving, "\" takes the calls");
    }
    to->localities.push_back(std::move(locality));
  }
}

}  // namespace

AggregateCluster::AggregateCluster(Serializer* serializer, EpochDomain* epochs, std::string name)
    : serializer_(serializer), name_(std::move(name)), order_(epochs) {
  order_.Publish(std::make_unique<const Order>());
}

AggregateCluster::~AggregateCluster() {
  for (const Member& member : members_) member.cluster->RemoveObserver(this);
}

PickResult AggregateCluster::Pick(const PickRequest& request, const EpochReader& reader) const {
  const Order& order = *order_.Get(reader);
  if (order.empty()) {
    return Failed{absl::UnavailableError(
        absl::StrCat("cluster \"", name_, "\": the mesh has been shut down"))};
  }
  bool pending = false;
  absl::InlinedVector<absl::Status, 4> failures;
  for (const Place& place : order) {
    PickResult result = place.cluster->Pick(request, reader);
    if (auto* failed = std::get_if<Failed>(&result)) {
      failures.push_back(std::move(failed->status));
    } else if (std::holds_alternative<Pending>(result) && place.passed_over) {
      pending = true;
    } else {
      return result;
    }
  }
  if (pending) return Pending{};
  std::vector<absl::string_view> causes;
  for (const absl::Status& failure : failures) causes.push_back(failure.message());
  return Failed{UnavailableAggregate(name_, causes)};
}

absl::StatusOr<LimitHold> AggregateCluster::Wait(model::RoutingPriority priority,
                                                 const EpochReader& reader) const {
  const Order& order = *order_.Get(reader);
  if (order.empty()) return LimitHold();  // the next pick says why
  const auto waits =
      std::find_if(order.begin(), order.end(), [](const Place& place) { return place.is_awaited; });
  const Place& place = waits == order.end() ? order.front() : *waits;
  return place.cluster->Wait(priority, reader);
}

void AggregateCluster::Connect() {
  if (asked_ || serializer_ == nullptr) return;
  asked_ = true;
  Consider();
  PublishOrder();
}

void AggregateCluster::AddObserver(Observer* observer) { observers_.push_back(observer); }

void AggregateCluster::RemoveObserver(Observer* observer) {
  observers_.erase(std::remove(observers_.begin(), observers_.end(), observer), observers_.end());
}

void AggregateCluster::Update(const std::vector<Child>& children, absl::Status ambient) {
  ambient_ = std::move(ambient);
  const size_t serving = Serving();
  const std::shared_ptr<Cluster> served =
      serving < members_.size() ? members_[serving].cluster : nullptr;
  std::vector<Member> old = std::move(members_);
  members_.clear();
  for (const Child& child : children) {
    const auto known = std::find_if(old.begin(), old.end(), [&child](const Member& member) {
      return member.cluster == child.cluster;
    });
    if (known != old.end()) {
      members_.push_back(std::move(*known));
      old.erase(known);
    } else {
      child.cluster->AddObserver(this);
      members_.push_back({child.cluster, 1, false, {}});
    }
    members_.back().priorities = std::max<uint32_t>(child.priorities, 1);
  }
  for (const Member& gone : old) gone.cluster->RemoveObserver(this);
  PassOverUntil(served.get());
  Consider();
  if (!PublishOrder()) return;
  serializer_->Post([this, alive = std::weak_ptr<const bool>(alive_)] {
    if (!alive.expired()) Notify(&Observer::OnPickerChanged);
  });
}

void AggregateCluster::PassOverUntil(const Cluster* served) {
  const auto found = std::find_if(members_.begin(), members_.end(), [served](const Member& member) {
    return member.cluster.get() == served;
  });
  if (found == members_.end()) return;
  for (auto member = members_.begin(); member != found; ++member) member->passed_over = true;
}

void AggregateCluster::Close() {
  for (const Member& member : members_) member.cluster->RemoveObserver(this);
  members_.clear();
  order_.Publish(std::make_unique<const Order>());
  observers_.clear();
  serializer_ = nullptr;
}

void AggregateCluster::OnPickerChanged() {
  Consider();
  PublishOrder();
  Notify(&Observer::OnPickerChanged);
}

void AggregateCluster::OnConnectionsChanged() { Notify(&Observer::OnConnectionsChanged); }

void AggregateCluster::Consider() {
  for (const Member& member : members_) {
    const ConnectionState state = member.cluster->state();
    // A pick has asked a child.
    asked_ |= state == ConnectionState::kReady || state == ConnectionState::kConnecting;
  }
  bool needed = asked_;
  for (Member& member : members_) {
    const ConnectionState state = member.cluster->state();
    const bool is_decided = state == ConnectionState::kReady || state == ConnectionState::kFailing;
    if (!needed || is_decided) {
      member.failover.Reset();
      member.passed_over = false;
      needed &= state == ConnectionState::kFailing;
      continue;
    }
    if (state == ConnectionState::kIdle) member.cluster->Connect();
    if (member.passed_over) continue;
    needed = false;
    if (!member.failover.pending()) StartFailover(&member);
  }
}

void AggregateCluster::StartFailover(Member* member) {
  serializer_->AssertHeld();
  member->failover = serializer_->After(kFailoverAfter * member->priorities,
                                        [this, cluster = member->cluster.get()] {
                                          for (Member& late : members_)
                                            late.passed_over |= late.cluster.get() == cluster;
                                          OnPickerChanged();
                                        });
}

bool AggregateCluster::PublishOrder() {
  Order order;
  std::optional<size_t> awaited;  // one that is passed over only if there is no other
  for (size_t i = 0; i < members_.size(); ++i) {
    const Member& member = members_[i];
    order.push_back({member.cluster, member.passed_over, false});
    if (member.cluster->state() == ConnectionState::kFailing) continue;
    if (!awaited || (order[*awaited].passed_over && !member.passed_over)) awaited = i;
  }
  if (awaited) order[*awaited].is_awaited = true;
  if (order == *order_.writer_view()) return false;
  order_.Publish(std::make_unique<const Order>(std::move(order)));
  return true;
}

void AggregateCluster::Notify(void (Observer::*notice)()) {
  const std::vector<Observer*> observers = observers_;
  for (Observer* observer : observers) {
    // An observer may remove another one.
    if (std::find(observers_.begin(), observers_.end(), observer) != observers_.end()) {
      (observer->*notice)();
    }
  }
}

size_t AggregateCluster::Serving() const {
  for (size_t i = 0; i < members_.size(); ++i) {
    const ConnectionState state = members_[i].cluster->state();
    if (state == ConnectionState::kReady) return i;
    if (state != ConnectionState::kFailing && !members_[i].passed_over) break;
  }
  return members_.size();
}

ConnectionState AggregateCluster::state() const {
  bool passed_over = false;
  for (const Member& member : members_) {
    const ConnectionState state = member.cluster->state();
    if (state == ConnectionState::kFailing) continue;
    if (state == ConnectionState::kReady || !member.passed_over) return state;
    passed_over = true;
  }
  return passed_over ? ConnectionState::kConnecting : ConnectionState::kFailing;
}

Snapshot::Cluster AggregateCluster::SnapshotFor(const model::MetadataMatch* match) const {
  Snapshot::Cluster result;
  result.name = name_;
  result.policy = "aggregate";
  result.state = std::string(wire::ToString(state()));
  result.error = std::string(ambient_.message());
  const size_t serving = Serving();
  const std::string taker = serving < members_.size() ? members_[serving].cluster->name() : "";
  for (size_t i = 0; i < members_.size(); ++i) {
    const auto offset = static_cast<uint32_t>(result.priorities.size());
    const Cluster& child = *members_[i].cluster;
    AppendChild(match == nullptr ? child.snapshot() : child.SnapshotFor(match), i == serving, taker,
                offset, &result);
  }
  if (state() == ConnectionState::kFailing) {
    std::vector<absl::string_view> causes;
    for (const Snapshot::Child& child : result.children) causes.push_back(child.error);
    result.error = std::string(UnavailableAggregate(name_, causes).message());
  }
  return result;
}

}  // namespace mesh::cluster
