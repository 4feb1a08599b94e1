#include "mesh/xds/resource_entry.h"

#include <algorithm>
#include <utility>

namespace mesh::xds {

void ResourceEntry::RemoveEndedWatchers() {
  slots_.erase(std::remove_if(slots_.begin(), slots_.end(),
                              [](const auto& slot) { return slot->watcher == nullptr; }),
               slots_.end());
}

void ResourceEntry::Accept(std::shared_ptr<const Resource> resource, const Hash128& hash,
                           absl::string_view version, const ReadHold& hold) {
  const bool changed = resource != resource_;
  resource_ = std::move(resource);
  hash_ = hash;
  state_ = State::kAcked;
  version_ = std::string(version);
  failed_version_.clear();
  data_error_ = absl::OkStatus();
  Tell(changed, hold);
}

void ResourceEntry::Fail(const Failure& failure, const ReadHold& hold) {
  const bool changed = failure.drop_value && resource_ != nullptr;
  if (failure.drop_value) {
    resource_ = nullptr;
    hash_ = Hash128();
    version_.clear();
  }
  state_ = failure.state;
  failed_version_ = std::string(failure.version);
  data_error_ = failure.status;
  Tell(changed, hold);
}

void ResourceEntry::SetChannelError(const absl::Status& status) {
  channel_error_ = status;
  Tell(/*value_changed=*/false, nullptr);
}

void ResourceEntry::TellNewWatchers() {
  const std::vector<std::shared_ptr<WatchSlot>> slots = slots_;  // a watcher may add and end some
  for (const std::shared_ptr<WatchSlot>& slot : slots) {
    if (!slot->told) TellAll(slot.get(), nullptr);
  }
}

void ResourceEntry::FillStatus(ResourceStatus* status) const {
  status->state = state_;
  status->version = version_;
  status->failed_version = failed_version_;
  status->error = problem();
}

const absl::Status& ResourceEntry::problem() const {
  return data_error_.ok() ? channel_error_ : data_error_;
}

void ResourceEntry::Tell(bool value_changed, const ReadHold& hold) {
  const bool problem_changed = problem() != told_;
  told_ = problem();
  if (!value_changed && !problem_changed) return;
  const std::vector<std::shared_ptr<WatchSlot>> slots = slots_;
  for (const std::shared_ptr<WatchSlot>& slot : slots) {
    if (!slot->told || value_changed) {
      TellAll(slot.get(), hold);
    } else if (slot->watcher == nullptr) {
      continue;
    } else if (resource_ != nullptr) {
      slot->watcher->OnAmbientError(told_, hold);
    } else if (!told_.ok()) {
      slot->watcher->OnResourceError(told_, hold);
    }
  }
}

void ResourceEntry::TellAll(WatchSlot* slot, const ReadHold& hold) {
  slot->told = true;
  if (slot->watcher == nullptr) return;
  if (resource_ == nullptr) {
    if (!told_.ok()) slot->watcher->OnResourceError(told_, hold);
    return;
  }
  slot->watcher->OnResourceChanged(resource_, hold);
  // It may have ended its subscription just now.
  if (slot->watcher != nullptr && !told_.ok()) slot->watcher->OnAmbientError(told_, hold);
}

}  // namespace mesh::xds
