#include "mesh/xds/authority.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "mesh/xds/nack.h"

namespace mesh::xds {
namespace {

using State = ResourceStatus::State;

constexpr size_t kLoggedBytes = 1000;  // of a rejection, which may name thousands

// `Listener` of `type.googleapis.com/envoy.config.listener.v3.Listener`.
absl::string_view ShortName(absl::string_view type_url) {
  return type_url.substr(type_url.find_last_of("./") + 1);
}

// google.rpc.Code of errors that say something about the resource, not about the moment.
bool IsDataError(int code) {
  return code == static_cast<int>(absl::StatusCode::kNotFound) ||
         code == static_cast<int>(absl::StatusCode::kPermissionDenied);
}

}  // namespace

Authority::Authority(const XdsClient::Options* options, const std::vector<ServerConfig>* servers,
                     std::string node, std::function<void()> changed)
    : options_(options),
      servers_(servers),
      changed_(std::move(changed)),
      rejections_(options->log, options->clock),
      deletions_(options->log, options->clock) {
  AdsSubscriptions* const subscriptions = this;
  AdsSink* const sink = this;
  channels_.push_back(
      std::make_unique<AdsChannel>(options_, &server(), std::move(node), subscriptions, sink));
}

Authority::~Authority() = default;

void Authority::AddWatcher(const ResourceType* type, absl::string_view name,
                           std::shared_ptr<WatchSlot> slot) {
  std::unique_ptr<TypeCache>& cache = types_[std::string(type->type_url())];
  if (cache == nullptr) cache = std::make_unique<TypeCache>();
  cache->SetType(type);
  ResourceEntry* entry = cache->Find(name);
  if (entry == nullptr) {
    entry = cache->FindOrAdd(name);
    if (!channel_status_.ok()) {
      entry->SetChannelError(Describe(type->type_url(), name, channel_status_.message()));
    }
  }
  entry->AddWatcher(std::move(slot));
  unsettled_.emplace(type->type_url());
}

void Authority::OnWatcherEnded(absl::string_view type_url) { unsettled_.emplace(type_url); }

void Authority::Settle() {
  const std::set<std::string, std::less<>> unsettled = std::exchange(unsettled_, {});
  // All removals first, so that nothing is left subscribed to for a moment's sake.
  for (const std::string& url : unsettled) types_[url]->RemoveUnwatched();
  for (const std::string& url : unsettled) channels_.front()->OnSubscriptionsChanged(url);
  for (const std::string& url : unsettled) {
    for (const auto& [name, entry] : types_[url]->Entries()) entry->TellNewWatchers();
  }
}

void Authority::AppendResources(std::vector<ResourceStatus>* statuses) const {
  for (const auto& [url, cache] : types_) {
    for (const auto& [name, entry] : cache->Entries()) {
      ResourceStatus status;
      status.type_url = url;
      status.name = name;
      entry->FillStatus(&status);
      statuses->push_back(std::move(status));
    }
  }
}

void Authority::AppendServers(std::vector<ServerStatus>* statuses) const {
  for (const auto& channel : channels_) statuses->push_back(channel->status());
}

std::vector<std::string> Authority::Types() const {
  std::vector<std::string> types;
  for (const auto& [url, cache] : types_) {
    if (!cache->empty()) types.push_back(url);
  }
  return types;
}

std::vector<std::string> Authority::Names(absl::string_view type_url) const {
  return Find(type_url)->Names();
}

bool Authority::IsAwaited(absl::string_view type_url, absl::string_view name) const {
  const ResourceEntry* const entry = Find(type_url)->Find(name);
  return entry != nullptr && entry->is_awaited();
}

absl::Status Authority::OnResponse(const DiscoveryResponseView& response, const ReadHold& hold) {
  TypeCache* const cache = Find(response.type_url);
  // All were unsubscribed since; its type may be gone as well.
  if (cache->empty()) return absl::OkStatus();
  const std::vector<TypeCache::Outcome> outcomes = cache->Decode(response);
  Nack nack(ShortName(response.type_url), outcomes.size());
  std::set<absl::string_view> present;
  bool all_named = true;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const TypeCache::Outcome& outcome = outcomes[i];
    if (!outcome.error.ok()) nack.Add(i, outcome.name, outcome.error.message());
    if (outcome.name.empty()) {
      all_named = false;
      continue;
    }
    if (!present.insert(outcome.name).second) {
      if (outcome.error.ok()) nack.Add(i, outcome.name, "comes twice");
      continue;
    }
    if (outcome.entry == nullptr) continue;
    if (outcome.error.ok()) {
      cache->Accept(outcome, response.version_info, hold);
    } else {
      Reject(cache, outcome, response.version_info, hold);
    }
  }
  OnResourceErrors(cache, response.errors, hold);
  for (const ResourceErrorView& error : response.errors) present.insert(error.name);
  // A bad resource without a name may be the very one that seems to be missing.
  if (cache->type().absence_is_deletion() && all_named) Delete(cache, present, hold);
  changed_();
  const absl::Status status = nack.ToStatus();
  if (!status.ok()) {
    rejections_.Warn(absl::StrCat("control plane \"", server().server_uri, "\", version \"",
                                  response.version_info,
                                  "\": ", status.message().substr(0, kLoggedBytes)));
  }
  return status;
}

void Authority::Reject(TypeCache* cache, const TypeCache::Outcome& outcome,
                       absl::string_view version, const ReadHold& hold) {
  ResourceEntry::Failure failure;
  failure.state = State::kNacked;
  failure.status = Describe(cache->type().type_url(), outcome.name,
                            absl::StrCat("rejected: ", outcome.error.message()));
  failure.drop_value = server().fail_on_data_errors;
  failure.version = version;
  cache->Fail(outcome.entry, failure, hold);
}

void Authority::Delete(TypeCache* cache, const std::set<absl::string_view>& present,
                       const ReadHold& hold) {
  const bool keep = server().ignore_resource_deletion && !server().fail_on_data_errors;
  for (const auto& [name, entry] : cache->Entries()) {
    if (present.count(name) > 0) continue;
    // Who was never seen may still be on its way; who was deleted is so already.
    const bool seen = entry->resource() != nullptr || entry->state() == State::kNacked;
    if (!seen || entry->state() == State::kDoesNotExist) continue;
    ResourceEntry::Failure failure;
    failure.state = State::kDoesNotExist;
    failure.status = Describe(cache->type().type_url(), name,
                              keep ? "was deleted; the last good value is kept" : "does not exist");
    failure.drop_value = !keep;
    if (keep) deletions_.Warn(failure.status.message());
    cache->Fail(entry, failure, hold);
  }
}

void Authority::OnResourceErrors(TypeCache* cache, const std::vector<ResourceErrorView>& errors,
                                 const ReadHold& hold) {
  for (const ResourceErrorView& error : errors) {
    ResourceEntry* const entry = cache->Find(error.name);
    if (entry == nullptr) continue;
    ResourceEntry::Failure failure;
    failure.state = State::kReceivedError;
    failure.status =
        Describe(cache->type().type_url(), error.name,
                 absl::StrCat("the control plane says ",
                              absl::StatusCodeToString(static_cast<absl::StatusCode>(error.code)),
                              ": ", error.message));
    failure.drop_value = server().fail_on_data_errors && IsDataError(error.code);
    cache->Fail(entry, failure, hold);
  }
}

void Authority::OnTimeout(absl::string_view type_url, absl::string_view name) {
  const bool transient = server().resource_timer_is_transient_error;
  TypeCache* const cache = Find(type_url);
  ResourceEntry::Failure failure;
  failure.state = transient ? State::kTimeout : State::kDoesNotExist;
  failure.status = Describe(
      type_url, name, transient ? "the control plane did not answer in time" : "does not exist");
  cache->Fail(cache->Find(name), failure, nullptr);
  changed_();
}

void Authority::OnChannelStatus(const absl::Status& status) {
  channel_status_ = status;
  for (const auto& [url, cache] : types_) {
    for (const auto& [name, entry] : cache->Entries()) {
      entry->SetChannelError(status.ok() ? status : Describe(url, name, status.message()));
    }
  }
}

TypeCache* Authority::Find(absl::string_view type_url) const {
  return types_.find(type_url)->second.get();
}

absl::Status Authority::Describe(absl::string_view type_url, absl::string_view name,
                                 absl::string_view cause) const {
  return absl::UnavailableError(absl::StrCat(ShortName(type_url), " \"", name, "\": ", cause,
                                             " (node \"", options_->bootstrap.node.id,
                                             "\", control plane \"", server().server_uri, "\")"));
}

}  // namespace mesh::xds
