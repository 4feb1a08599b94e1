#ifndef RESOLVER_DNS_HOST_TABLE_H_
#define RESOLVER_DNS_HOST_TABLE_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/base/random.h"
#include "mesh/base/serializer.h"
#include "mesh/model/cluster.h"
#include "resolver/dns/host_resolver.h"

namespace mesh::resolver {

// What is known of a host. A value.
struct HostState {
  // The last that were found, in the order they were; null: none yet, never empty.
  std::shared_ptr<const HostResolver::Addresses> addresses;
  // Why the last question found none: UNAVAILABLE, `host "x": cause`. OK: it did, or there is no
  // answer yet.
  absl::Status error;

  bool is_known() const { return addresses != nullptr || !error.ok(); }
};

// The hosts of a mesh that somebody watches, each asked for again and again as the watch's options
// say. A host that is watched with equal options is one, so that all clusters that name it have
// the same addresses, and it is asked for once. The last addresses stay through failures.
//
//            Find()              answer
//   (new) ──────────► asking ───────────────► answered
//                      ▲ ▲ │                     │
//          a back-off  │ │ └─ failure ► failed   │ refresh_rate, or the answer's time to live
//                      └─┼───────────────┘       │
//                        └───────────────────────┘
//
// At most kMostQueries hosts are asked for at a time, each at most every kLeastInterval.
// Serializer-bound.
class HostTable {
  class Entry;

 public:
  // Each query takes a thread.
  static constexpr int kMostQueries = 16;
  static constexpr absl::Duration kLeastInterval = absl::Seconds(1);

  // The wish to know a host, from its creation to its end.
  class Watch {
   public:
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    const HostState& state() const;

   private:
    friend class HostTable;
    Watch(std::shared_ptr<Entry> entry, std::function<void()> changed);

    const std::shared_ptr<Entry> entry_;
    const std::function<void()> changed_;
  };

  // All outlive the table.
  HostTable(Serializer* serializer, Random* random, std::unique_ptr<HostResolver> hosts);
  // REQUIRES: no watch is left.
  ~HostTable();
  HostTable(const HostTable&) = delete;
  HostTable& operator=(const HostTable&) = delete;

  // `changed` is called on the serializer after each change of the state, never inside a call of
  // the table; it neither makes nor destroys watches.
  std::unique_ptr<Watch> Find(absl::string_view host, const model::DnsOptions& options,
                              std::function<void()> changed);

  // Hosts that are watched.
  size_t size() const { return entries_.size(); }

 private:
  using Key = std::pair<std::string, model::DnsOptions>;

  // Asks for `entry` when it is its turn.
  void AskSoon(Entry* entry);
  void AskNext();
  void Forget(Entry* entry);

  Serializer* const serializer_;
  Random* const random_;
  const std::unique_ptr<HostResolver> hosts_;
  absl::flat_hash_map<Key, std::weak_ptr<Entry>> entries_;
  std::deque<Entry*> waiting_;  // for their turn
  int asking_ = 0;
};

}  // namespace mesh::resolver

#endif  // RESOLVER_DNS_HOST_TABLE_H_
