#include "mesh/xds/type_cache.h"

#include "absl/strings/str_cat.h"

namespace mesh::xds {
namespace {

// Of all that the outcome depends on.
Hash128 HashOf(const ResourceView& resource) {
  const Hash128 bytes = HashBytes(resource.bytes);
  if (resource.wrapper_name.empty()) return bytes;
  // In their order: a name must not be able to undo what bytes do.
  const Hash128 name = HashBytes(resource.wrapper_name);
  const uint64_t both[] = {bytes.low, bytes.high, name.low, name.high};
  return HashBytes(absl::string_view(reinterpret_cast<const char*>(both), sizeof both));
}

}  // namespace

ResourceEntry* TypeCache::Find(absl::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second.get();
}

ResourceEntry* TypeCache::FindOrAdd(absl::string_view name) {
  ResourceEntry* const found = Find(name);
  if (found != nullptr) return found;
  return entries_.emplace(std::string(name), std::make_unique<ResourceEntry>()).first->second.get();
}

void TypeCache::RemoveUnwatched() {
  for (auto it = entries_.begin(); it != entries_.end();) {
    it->second->RemoveEndedWatchers();
    if (it->second->has_watchers()) {
      ++it;
      continue;
    }
    in_force_.erase(it->second->hash());
    it = entries_.erase(it);
  }
}

std::vector<std::string> TypeCache::Names() const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

std::vector<std::pair<std::string, ResourceEntry*>> TypeCache::Entries() const {
  std::vector<std::pair<std::string, ResourceEntry*>> entries;
  entries.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) entries.emplace_back(name, entry.get());
  return entries;
}

std::vector<TypeCache::Outcome> TypeCache::Decode(const DiscoveryResponseView& response) {
  std::vector<Outcome> outcomes;
  outcomes.reserve(response.resources.size());
  absl::flat_hash_map<Hash128, Known> not_in_force;
  for (const ResourceView& resource : response.resources) {
    Outcome outcome = DecodeOne(resource);
    if (outcome.resource == nullptr && outcome.hash != Hash128()) {
      not_in_force[outcome.hash] = {outcome.name, outcome.error};
    }
    outcomes.push_back(std::move(outcome));
  }
  last_response_ = std::move(not_in_force);
  return outcomes;
}

TypeCache::Outcome TypeCache::DecodeOne(const ResourceView& resource) const {
  Outcome outcome;
  outcome.name = std::string(resource.wrapper_name);
  if (resource.malformed) {
    outcome.error = absl::InvalidArgumentError("malformed resource");
  } else if (resource.type_url != type_->type_url()) {
    outcome.error = absl::InvalidArgumentError(
        absl::StrCat("type \"", resource.type_url, "\" in a response of another type"));
  } else {
    outcome.hash = HashOf(resource);
    if (Recall(outcome.hash, &outcome)) return outcome;
    DecodeResult decoded = type_->Decode(resource.bytes, [this](absl::string_view name) {
      const ResourceEntry* const entry = Find(name);
      return entry == nullptr ? nullptr : entry->resource();
    });
    if (!decoded.name.empty()) outcome.name = std::move(decoded.name);
    outcome.error = std::move(decoded.error);
    outcome.resource = std::move(decoded.resource);
    if (outcome.error.ok() && outcome.resource == nullptr) {
      outcome.error = absl::InternalError("decoder gave neither a value nor an error");
    } else if (outcome.error.ok() && outcome.name.empty()) {
      outcome.error = absl::InvalidArgumentError("no name");
    }
  }
  outcome.entry = Find(outcome.name);
  if (outcome.entry == nullptr || !outcome.error.ok()) outcome.resource = nullptr;
  return outcome;
}

bool TypeCache::Recall(const Hash128& hash, Outcome* outcome) const {
  const auto value = in_force_.find(hash);
  if (value != in_force_.end()) {
    outcome->name = value->second;
    outcome->entry = Find(value->second);
    outcome->resource = outcome->entry->resource();
    return true;
  }
  const auto known = last_response_.find(hash);
  if (known == last_response_.end()) return false;
  ResourceEntry* const entry = Find(known->second.name);
  // Good, but nobody wanted it then.
  if (known->second.error.ok() && entry != nullptr) return false;
  outcome->name = known->second.name;
  outcome->error = known->second.error;
  outcome->entry = entry;
  return true;
}

void TypeCache::Accept(const Outcome& outcome, absl::string_view version, const ReadHold& hold) {
  ResourceEntry* const entry = outcome.entry;
  if (entry->hash() != outcome.hash) {
    in_force_.erase(entry->hash());
    in_force_[outcome.hash] = outcome.name;
  }
  entry->Accept(outcome.resource, outcome.hash, version, hold);
}

void TypeCache::Fail(ResourceEntry* entry, const ResourceEntry::Failure& failure,
                     const ReadHold& hold) {
  if (failure.drop_value) in_force_.erase(entry->hash());
  entry->Fail(failure, hold);
}

}  // namespace mesh::xds
