#ifndef RESOLVER_XDS_WATCH_SET_H_
#define RESOLVER_XDS_WATCH_SET_H_

#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "mesh/xds/resource_type.h"
#include "mesh/xds/xds_client.h"
#include "resolver/xds/resource_watch.h"

namespace mesh::resolver {

// The watches of one type of resource, by name. Who uses them says in each round which ones it
// still needs; the others end with the round, so that a watch lives on from round to round
// however its users change. Serializer-bound.
template <typename T>
class WatchSet {
 public:
  // All outlive the set. `changed` is called on the serializer, never inside a call of the set.
  WatchSet(xds::XdsClient* client, const xds::ResourceType* type, std::function<void()> changed)
      : client_(client), type_(type), changed_(std::move(changed)) {}

  // The watch of `name`, begun now if there is none yet; it is needed in this round.
  const ResourceWatch<T>& Need(absl::string_view name) {
    auto found = watches_.find(name);
    if (found == watches_.end()) {
      found = watches_.emplace(std::string(name), Entry()).first;
      found->second.watch = std::make_unique<ResourceWatch<T>>(client_, type_, name, changed_);
    }
    found->second.round = round_;
    return *found->second.watch;
  }

  // Ends the round, and the watches that were not needed in it.
  void EndRound() {
    for (auto entry = watches_.begin(); entry != watches_.end();) {
      entry = entry->second.round == round_ ? std::next(entry) : watches_.erase(entry);
    }
    ++round_;
  }

  // Adds the type and name of each resource, sorted by name.
  void List(std::vector<std::pair<std::string, std::string>>* resources) const {
    for (const auto& entry : watches_) {
      resources->emplace_back(std::string(type_->type_url()), entry.first);
    }
  }

 private:
  struct Entry {
    std::unique_ptr<ResourceWatch<T>> watch;
    uint64_t round = 0;  // in which it was last needed
  };

  xds::XdsClient* const client_;
  const xds::ResourceType* const type_;
  const std::function<void()> changed_;
  uint64_t round_ = 1;
  std::map<std::string, Entry, std::less<>> watches_;
};

}  // namespace mesh::resolver

#endif  // RESOLVER_XDS_WATCH_SET_H_
