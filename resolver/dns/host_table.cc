#include "resolver/dns/host_table.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mesh/base/backoff.h"

namespace mesh::resolver {
namespace {

using Addresses = HostResolver::Addresses;
using Family = model::DnsOptions::Family;

bool IsIpv6(absl::string_view address) { return address.find(':') != absl::string_view::npos; }

HostResolver::Family FamilyToAsk(Family family) {
  switch (family) {
    case Family::kV4Only:
      return HostResolver::Family::kIpv4;
    case Family::kV6Only:
      return HostResolver::Family::kIpv6;
    case Family::kAuto:
    case Family::kV4Preferred:
    case Family::kAll:
      break;
  }
  return HostResolver::Family::kAny;
}

// Those of a family that is preferred, if there are any.
Addresses Preferred(Family family, Addresses addresses) {
  if (family != Family::kAuto && family != Family::kV4Preferred) return addresses;
  const bool want_ipv6 = family == Family::kAuto;
  Addresses preferred;
  for (const std::string& address : addresses) {
    if (IsIpv6(address) == want_ipv6) preferred.push_back(address);
  }
  return preferred.empty() ? addresses : preferred;
}

bool SameSet(Addresses a, Addresses b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

Backoff::Options BackoffOf(const model::DnsOptions& options) {
  Backoff::Options backoff;
  backoff.initial = std::max(options.failure_refresh_rate, HostTable::kLeastInterval);
  backoff.max = std::max(options.max_failure_refresh_rate, backoff.initial);
  backoff.multiplier = 2;  // as Envoy's
  return backoff;
}

}  // namespace

// One host with its options. Serializer-bound.
class HostTable::Entry {
 public:
  Entry(HostTable* table, Key key)
      : table_(table), key_(std::move(key)), backoff_(BackoffOf(key_.second), table->random_) {}
  ~Entry() { table_->Forget(this); }

  const Key& key() const { return key_; }
  const HostState& state() const { return state_; }
  bool is_asking() const { return query_ != nullptr; }
  void Add(Watch* watch) { watches_.push_back(watch); }
  void Remove(Watch* watch) {
    watches_.erase(std::remove(watches_.begin(), watches_.end(), watch), watches_.end());
  }

  // REQUIRES: it is not being asked for.
  void Ask();

 private:
  void OnAnswer(absl::StatusOr<HostResolver::Answer> answer);
  // When to ask again.
  absl::Duration Wait(const absl::StatusOr<HostResolver::Answer>& answer);
  // Whether the state changed.
  bool Take(absl::StatusOr<HostResolver::Answer> answer);

  HostTable* const table_;
  const Key key_;
  HostState state_;
  std::vector<Watch*> watches_;
  Backoff backoff_;
  std::unique_ptr<HostResolver::Query> query_;
  Serializer::Timer timer_;
};

void HostTable::Entry::Ask() {
  query_ = table_->hosts_->Lookup(
      key_.first, FamilyToAsk(key_.second.family),
      [this](absl::StatusOr<HostResolver::Answer> answer) { OnAnswer(std::move(answer)); });
}

void HostTable::Entry::OnAnswer(absl::StatusOr<HostResolver::Answer> answer) {
  table_->serializer_->AssertHeld();
  query_ = nullptr;
  --table_->asking_;
  table_->AskNext();
  timer_ = table_->serializer_->After(Wait(answer), [this] { table_->AskSoon(this); });
  if (!Take(std::move(answer))) return;
  for (Watch* watch : watches_) watch->changed_();
}

absl::Duration HostTable::Entry::Wait(const absl::StatusOr<HostResolver::Answer>& answer) {
  if (!answer.ok()) return std::max(backoff_.Next(), kLeastInterval);
  backoff_.Reset();
  const model::DnsOptions& options = key_.second;
  const bool by_ttl = options.respect_ttl && answer->ttl > absl::ZeroDuration();
  absl::Duration wait = by_ttl ? answer->ttl : options.refresh_rate;
  if (options.jitter > absl::ZeroDuration()) wait += table_->random_->NextDouble() * options.jitter;
  return std::max(wait, kLeastInterval);
}

bool HostTable::Entry::Take(absl::StatusOr<HostResolver::Answer> answer) {
  if (!answer.ok()) {
    const absl::Status error = absl::UnavailableError(
        absl::StrCat("host \"", key_.first, "\": ", answer.status().message()));
    if (error == state_.error) return false;
    state_.error = error;
    return true;
  }
  const bool healed = !state_.error.ok();
  state_.error = absl::OkStatus();
  Addresses addresses = Preferred(key_.second.family, std::move(answer->addresses));
  // Servers rotate their answers, which changes nothing.
  if (state_.addresses != nullptr && SameSet(*state_.addresses, addresses)) return healed;
  state_.addresses = std::make_shared<const Addresses>(std::move(addresses));
  return true;
}

HostTable::Watch::Watch(std::shared_ptr<Entry> entry, std::function<void()> changed)
    : entry_(std::move(entry)), changed_(std::move(changed)) {
  entry_->Add(this);
}

HostTable::Watch::~Watch() { entry_->Remove(this); }

const HostState& HostTable::Watch::state() const { return entry_->state(); }

HostTable::HostTable(Serializer* serializer, Random* random, std::unique_ptr<HostResolver> hosts)
    : serializer_(serializer), random_(random), hosts_(std::move(hosts)) {}

HostTable::~HostTable() = default;

std::unique_ptr<HostTable::Watch> HostTable::Find(absl::string_view host,
                                                  const model::DnsOptions& options,
                                                  std::function<void()> changed) {
  serializer_->AssertHeld();
  const Key key(host, options);
  std::weak_ptr<Entry>& known = entries_[key];
  std::shared_ptr<Entry> entry = known.lock();
  if (entry == nullptr) {
    entry = std::make_shared<Entry>(this, key);
    known = entry;
    AskSoon(entry.get());
  }
  return std::unique_ptr<Watch>(new Watch(std::move(entry), std::move(changed)));
}

void HostTable::AskSoon(Entry* entry) {
  waiting_.push_back(entry);
  AskNext();
}

void HostTable::AskNext() {
  while (asking_ < kMostQueries && !waiting_.empty()) {
    Entry* const entry = waiting_.front();
    waiting_.pop_front();
    ++asking_;
    entry->Ask();
  }
}

void HostTable::Forget(Entry* entry) {
  serializer_->AssertHeld();
  entries_.erase(entry->key());
  const auto waiting = std::find(waiting_.begin(), waiting_.end(), entry);
  if (waiting != waiting_.end()) waiting_.erase(waiting);
  if (!entry->is_asking()) return;
  --asking_;
  AskNext();
}

}  // namespace mesh::resolver
