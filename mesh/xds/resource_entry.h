#ifndef MESH_XDS_RESOURCE_ENTRY_H_
#define MESH_XDS_RESOURCE_ENTRY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/base/hash128.h"
#include "mesh/xds/resource_type.h"
#include "mesh/xds/xds_client.h"

namespace mesh::xds {

// One watcher's place at a resource. Its watcher is null once the subscription has ended: then it
// is told nothing more, even if the resource is just being told to all. Serializer-bound.
struct WatchSlot {
  ResourceWatcher* watcher = nullptr;
  bool told = false;  // of the state that was there when it came
};

// One resource that is subscribed to: the last good value, what is wrong, and who is told.
//
//   requested ─┬─ Accept ─────► acked ◄─────────┐
//              ├─ Fail(kNacked) ─► nacked ──────┤  Accept, from anywhere
//              └─ Fail(...) ─► does not exist, timeout, received error
//
// A value survives every Fail() that does not drop it. Watchers hear of a change of the value, and
// of a change of what is wrong, once each. Serializer-bound.
class ResourceEntry {
 public:
  using State = ResourceStatus::State;

  // What went wrong with the resource itself.
  struct Failure {
    State state = State::kNacked;
    absl::Status status;        // told to watchers
    bool drop_value = false;    // the last good value is no longer in force
    absl::string_view version;  // that was rejected, if one was
  };

  void AddWatcher(std::shared_ptr<WatchSlot> slot) { slots_.push_back(std::move(slot)); }
  // Forgets the watchers that have gone.
  void RemoveEndedWatchers();
  bool has_watchers() const { return !slots_.empty(); }

  // A good value came.
  void Accept(std::shared_ptr<const Resource> resource, const Hash128& hash,
              absl::string_view version, const ReadHold& hold);
  void Fail(const Failure& failure, const ReadHold& hold);
  // The control plane cannot be heard (OK: it can be), which leaves everything else as it is.
  void SetChannelError(const absl::Status& status);
  // Tells the watchers that were added since what is known.
  void TellNewWatchers();

  const std::shared_ptr<const Resource>& resource() const { return resource_; }
  // Of the bytes of resource(); Hash128() if there is none.
  const Hash128& hash() const { return hash_; }
  State state() const { return state_; }
  // Whether nothing was ever heard of the resource.
  bool is_awaited() const { return state_ == State::kRequested; }
  // Fills in everything but type and name.
  void FillStatus(ResourceStatus* status) const;

 private:
  // What is wrong now: with the resource, or else with the way to it. OK if nothing is.
  const absl::Status& problem() const;
  // Tells each watcher what is new to it.
  void Tell(bool value_changed, const ReadHold& hold);
  void TellAll(WatchSlot* slot, const ReadHold& hold);

  std::vector<std::shared_ptr<WatchSlot>> slots_;
  std::shared_ptr<const Resource> resource_;
  Hash128 hash_;
  State state_ = State::kRequested;
  std::string version_;
  std::string failed_version_;
  absl::Status data_error_;
  absl::Status channel_error_;
  absl::Status told_;  // the problem that watchers know of
};

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCE_ENTRY_H_
