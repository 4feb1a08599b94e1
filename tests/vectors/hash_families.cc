#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "balancer/keyed_place.h"
#include "balancer/maglev.h"
#include "balancer/ring_hash.h"
#include "tests/vectors/family.h"

namespace mesh::vectors {
namespace {

using balancer::HashRing;
using balancer::KeyedPlace;
using balancer::MaglevTable;

// More hashes are more than anybody waits for, and more entries than anybody writes down.
constexpr uint64_t kMaxHashes = 100'000'000;
constexpr size_t kMaxEntries = 1'000'000;

struct Host {
  std::string key;
  uint32_t weight;
};

std::vector<Host> Hosts(RowObject* input) {
  std::vector<Host> hosts;
  input->ForEach("hosts", [&hosts](RowObject* host) {
    hosts.push_back({host->Text("key"), host->Whole32("weight")});
  });
  return hosts;
}

// Normalized. The keys are those of `hosts`.
std::vector<KeyedPlace> Places(const std::vector<Host>& hosts) {
  std::vector<KeyedPlace> places;
  for (const Host& host : hosts) places.push_back({host.key, double{1} * host.weight});
  return Normalized(std::move(places));
}

HashRing Ring(const std::vector<Host>& hosts, RowObject* input) {
  model::RingHash options;
  options.minimum_size = input->Whole("minimum_ring_size", HashRing::kMaxSize);
  options.maximum_size = input->Whole("maximum_ring_size", HashRing::kMaxSize);
  if (options.minimum_size > options.maximum_size) {
    input->errors()->Add("minimum_ring_size", "above the maximum");
  }
  return HashRing(input->errors()->ok() ? Places(hosts) : std::vector<KeyedPlace>(), options);
}

Answer RingTable(RowObject* input) {
  const std::vector<Host> hosts = Hosts(input);
  const HashRing ring = Ring(hosts, input);
  Answer answer;
  if (ring.entries().size() > kMaxEntries) {
    input->errors()->Add(absl::StrCat("a ring of ", ring.entries().size(), " entries"));
    return answer;
  }
  std::vector<Answer::Value> entries;
  for (const HashRing::Entry& entry : ring.entries()) {
    entries.push_back(Answer::List(
        {Answer::Text(absl::StrCat(entry.hash())), Answer::Text(hosts[entry.place()].key)}));
  }
  answer.Set("entries", Answer::List(std::move(entries)));
  return answer;
}

Answer RingPick(RowObject* input) {
  const std::vector<Host> hosts = Hosts(input);
  const HashRing ring = Ring(hosts, input);
  std::vector<Answer::Value> picks;
  for (const uint64_t hash : input->Wholes("hashes")) {
    picks.push_back(ring.entries().empty()
                        ? Answer::Nothing()
                        : Answer::Text(hosts[ring.entries()[ring.Find(hash)].place()].key));
  }
  Answer answer;
  answer.Set("picks", Answer::List(std::move(picks)));
  return answer;
}

Answer RingShare(RowObject* input) {
  const std::vector<Host> hosts = Hosts(input);
  const HashRing ring = Ring(hosts, input);
  const uint64_t count = input->Whole("hash_count", kMaxHashes);
  const uint64_t step = input->Whole("hash_step");
  std::vector<uint64_t> entries(hosts.size(), 0);
  for (const HashRing::Entry& entry : ring.entries()) ++entries[entry.place()];
  std::vector<uint64_t> picks(hosts.size(), 0);
  for (uint64_t i = 0; i < count && !ring.entries().empty(); ++i) {
    ++picks[ring.entries()[ring.Find(i * step)].place()];
  }
  Answer answer;
  answer.Set("entries", Answer::Numbers(entries));
  answer.Set("picks", Answer::Numbers(picks));
  return answer;
}

Answer Maglev(RowObject* input) {
  const std::vector<Host> hosts = Hosts(input);
  const uint64_t size = input->Whole("table_size");
  Answer answer;
  if (!balancer::IsMaglevSize(size)) {
    input->errors()->Add("table_size", "not a prime up to 5000011");
    return answer;
  }
  const MaglevTable table(Places(hosts), static_cast<uint32_t>(size));
  std::vector<uint32_t> slots;
  for (uint32_t slot = 0; slot < table.size() && !table.empty(); ++slot) {
    slots.push_back(table.At(slot));
  }
  answer.Set("slots", Answer::Numbers(slots));
  return answer;
}

}  // namespace

std::vector<Family> HashFamilies() {
  return {
      {"ring_table", {"entries"}, 0, RingTable},
      {"ring_pick", {"picks"}, 0, RingPick},
      {"ring_share", {"entries", "picks"}, 0, RingShare},
      {"maglev_table", {"slots"}, 0, Maglev},
  };
}

}  // namespace mesh::vectors
