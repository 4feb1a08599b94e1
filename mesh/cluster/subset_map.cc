#include "mesh/cluster/subset_map.h"

#include <algorithm>

namespace mesh::cluster {

using Fallback = model::SubsetSelection::Fallback;

SubsetView::SubsetView(EpochDomain* epochs, uint64_t id, model::MetadataFields fields)
    : id_(id), fields_(std::move(fields)), hash_(HashOf(fields_)), picker_(epochs) {}

MatchView MatchView::Of(const std::vector<std::string>& keys) const {
  MatchView some = *this;
  auto key = keys.begin();
  for (size_t i = 0; i < match_->fields().size(); ++i) {
    const std::string& name = match_->fields()[i].key;
    while (key != keys.end() && *key < name) ++key;
    if (key == keys.end() || *key != name) some.chosen_ &= ~(uint64_t{1} << i);
  }
  return some;
}

size_t MatchView::size() const {
  size_t size = 0;
  for (size_t i = 0; i < match_->fields().size(); ++i) size += is_chosen(i) ? 1 : 0;
  return size;
}

uint64_t MatchView::hash() const {
  uint64_t sum = 0;
  for (size_t i = 0; i < match_->fields().size(); ++i) {
    if (is_chosen(i)) sum += match_->fields()[i].hash;
  }
  return sum;
}

uint64_t MatchView::hash_of_keys() const {
  uint64_t sum = 0;
  for (size_t i = 0; i < match_->fields().size(); ++i) {
    if (is_chosen(i)) sum += match_->fields()[i].key_hash;
  }
  return sum;
}

bool MatchView::HasKeys(const std::vector<std::string>& keys) const {
  auto key = keys.begin();
  for (size_t i = 0; i < match_->fields().size(); ++i) {
    if (!is_chosen(i)) continue;
    if (key == keys.end() || *key != match_->fields()[i].key) return false;
    ++key;
  }
  return key == keys.end();
}

bool MatchView::HasFields(const model::MetadataFields& fields) const {
  auto field = fields.begin();
  for (size_t i = 0; i < match_->fields().size(); ++i) {
    if (!is_chosen(i)) continue;
    const model::MetadataMatch::Field& here = match_->fields()[i];
    if (field == fields.end() || field->first != here.key || field->second != here.value) {
      return false;
    }
    ++field;
  }
  return field == fields.end();
}

FieldsView::FieldsView(Fields fields) : fields(fields), hash(0) {
  for (const auto& [key, value] : fields) hash += model::HashOfField(key, value);
}

bool SubsetEqual::operator()(const SubsetView* a, const FieldsView& b) const {
  return std::equal(
      a->fields().begin(), a->fields().end(), b.fields.begin(), b.fields.end(),
      [](const auto& x, const auto& y) { return x.first == y.first && x.second == y.second; });
}

SubsetMap::SubsetMap(std::shared_ptr<const model::SubsetSelection> selection, Shards shards,
                     const SubsetView* any_endpoint, const SubsetView* default_subset,
                     bool is_complete)
    : selection_(std::move(selection)),
      shards_(std::move(shards)),
      any_endpoint_(any_endpoint),
      default_subset_(default_subset),
      is_complete_(is_complete) {
  for (size_t i = 0; i < selection_->selectors.size(); ++i) {
    uint64_t hash = 0;
    for (const std::string& key : selection_->selectors[i].keys) hash += model::HashOfKey(key);
    selectors_.emplace(hash, i);
  }
}

const model::SubsetSelection::Selector* SubsetMap::FindSelector(const MatchView& match) const {
  const auto found = selectors_.find(match.hash_of_keys());
  if (found == selectors_.end()) return nullptr;
  const model::SubsetSelection::Selector& selector = selection_->selectors[found->second];
  return match.HasKeys(selector.keys) ? &selector : nullptr;
}

MatchView SubsetMap::WithoutRedundant(const MatchView& match) const {
  for (const model::SubsetSelection::Selector& selector : selection_->selectors) {
    const MatchView some = match.Of(selector.keys);
    if (some.size() == selector.keys.size()) return some;
  }
  return match;
}

SubsetMap::Choice SubsetMap::Choose(const model::MetadataMatch& match) const {
  MatchView view(match);
  for (;;) {
    if (selection_->allow_redundant_keys) view = WithoutRedundant(view);
    const model::SubsetSelection::Selector* const selector = FindSelector(view);
    if (selector == nullptr) return {Taker::kFallback};
    const std::shared_ptr<const SubsetSet>& shard = shards_[ShardOf(view.hash())];
    if (shard != nullptr) {
      const auto found = shard->find(view);
      if (found != shard->end()) return {Taker::kSubset, *found};
    }
    if (!selector->fallback.has_value()) return {Taker::kFallback};
    switch (*selector->fallback) {
      case Fallback::kNone:
        return {Taker::kNobody};
      case Fallback::kAnyEndpoint:
        return {Taker::kAnyEndpoint, any_endpoint_};
      case Fallback::kDefaultSubset:
        return {Taker::kDefaultSubset, default_subset_};
      case Fallback::kFewerKeys:
        view = view.Of(selector->fallback_keys);  // fewer each time
        break;
    }
  }
}

uint64_t HashOf(const model::MetadataFields& fields) {
  uint64_t sum = 0;
  for (const auto& [key, value] : fields) sum += model::HashOfField(key, value);
  return sum;
}

}  // namespace mesh::cluster
