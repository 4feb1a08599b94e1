#ifndef MESH_XDS_TYPE_CACHE_H_
#define MESH_XDS_TYPE_CACHE_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/base/hash128.h"
#include "mesh/xds/discovery_response.h"
#include "mesh/xds/resource_entry.h"
#include "mesh/xds/resource_type.h"

namespace mesh::xds {

// The resources of one type that are subscribed to at one authority, and what their bytes were, so
// that bytes which come again are not decoded again: those of every value in force, and those of
// the last response, bad ones and unrequested ones among them. (A control plane may send a
// response again and again for as long as it is rejected.) Serializer-bound.
class TypeCache {
 public:
  // What one resource of a response turned out to be. One of the last two is set, unless nobody
  // asked for it.
  struct Outcome {
    std::string name;                // empty if it could not be found out
    ResourceEntry* entry = nullptr;  // null: not subscribed to
    Hash128 hash;
    std::shared_ptr<const Resource> resource;
    absl::Status error;
  };

  // `type` must live while anything of it is subscribed to.
  void SetType(const ResourceType* type) { type_ = type; }
  // REQUIRES: not empty().
  const ResourceType& type() const { return *type_; }
  bool empty() const { return entries_.empty(); }
  ResourceEntry* Find(absl::string_view name) const;
  // Adds it if it is not there.
  ResourceEntry* FindOrAdd(absl::string_view name);
  // Forgets the resources that nobody watches any more.
  void RemoveUnwatched();

  // Sorted.
  std::vector<std::string> Names() const;
  std::vector<std::pair<std::string, ResourceEntry*>> Entries() const;

  // Decodes what is new in a response. Changes no entry. REQUIRES: not empty().
  std::vector<Outcome> Decode(const DiscoveryResponseView& response);
  // Hands what Decode() gave to its entry.
  void Accept(const Outcome& outcome, absl::string_view version, const ReadHold& hold);
  void Fail(ResourceEntry* entry, const ResourceEntry::Failure& failure, const ReadHold& hold);

 private:
  struct Known {
    std::string name;
    absl::Status error;
  };

  Outcome DecodeOne(const ResourceView& resource) const;
  // Of bytes whose outcome is known; false if they have to be decoded.
  bool Recall(const Hash128& hash, Outcome* outcome) const;

  const ResourceType* type_ = nullptr;
  std::map<std::string, std::unique_ptr<ResourceEntry>, std::less<>> entries_;
  absl::flat_hash_map<Hash128, std::string> in_force_;  // the name, by the bytes of its value
  absl::flat_hash_map<Hash128, Known> last_response_;   // what is not in force of it
};

}  // namespace mesh::xds

#endif  // MESH_XDS_TYPE_CACHE_H_
