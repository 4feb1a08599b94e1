#ifndef MESH_CLUSTER_READY_LIST_H_
#define MESH_CLUSTER_READY_LIST_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "balancer/policy.h"
#include "balancer/weights.h"
#include "mesh/cluster/endpoint.h"

namespace mesh::cluster {

// The endpoints of a locality that take calls, and the policy that picks among them, as a part of
// a picker. Chunked, so that versions share what did not change. Immutable, thread-safe.
class PickerPart final : public balancer::PlaceView {
 public:
  using Chunk = std::shared_ptr<Endpoint*[]>;

  PickerPart(std::vector<Chunk> chunks, std::unique_ptr<const balancer::Policy> policy,
             uint32_t size)
      : policy_(std::move(policy)), size_(size), chunks_(std::move(chunks)) {}

  uint32_t size() const { return size_; }  // above 0
  // REQUIRES: place < size().
  Endpoint* at(uint32_t place) const {
    return chunks_[place / balancer::Weights::kChunkSize][place % balancer::Weights::kChunkSize];
  }
  // Not one of `tried`, if the policy has a next best place. `input` gets the places from here.
  Endpoint* Pick(balancer::PickInput* input, absl::Span<const Endpoint* const> tried) const {
    if (!tried.empty()) return PickUntried(input, tried);
    input->places = this;
    return at(policy_->Pick(*input));
  }
  uint64_t InFlight(uint32_t place) const override { return at(place)->in_flight(); }
  // Of many places it is an estimate: each pick counts a few of them, round after round, and is
  // told what the last whole round found; before there is one, what some places let expect.
  uint64_t InFlightOfAll(uint32_t places) const override;
  // Not whether it is connected: it may be about to be, and is then waited for.
  bool CanTake(uint32_t place) const override {
    const Endpoint& endpoint = *at(place);
    return !endpoint.stalled() && endpoint.connection_state() != wire::ConnectionState::kFailing;
  }
  // See balancer::Policy.
  std::vector<uint64_t> Shares() const { return policy_->Shares(); }

 private:
  static constexpr uint64_t kUnknown = ~uint64_t{0};

  Endpoint* PickUntried(balancer::PickInput* input, absl::Span<const Endpoint* const> tried) const;
  uint64_t EstimateInFlight(uint32_t places) const;

  const std::unique_ptr<const balancer::Policy> policy_;
  const uint32_t size_;
  const std::vector<Chunk> chunks_;
  // Of InFlightOfAll(): what was found last, and the round that goes on: the places that it has
  // counted (above) and the calls on them (below, 32 bits).
  mutable std::atomic<uint64_t> in_flight_of_all_{kUnknown};
  mutable std::atomic<uint64_t> round_{0};
};

// An endpoint, and what a policy is told of it.
struct PolicyPlace {
  Endpoint* endpoint = nullptr;
  uint32_t weight = 1;    // above 0
  absl::string_view key;  // what is hashed; valid while the part is made
  double share = 0;       // a part of 1, for policies that hash; 0: what `weight` makes
};

// A part of those endpoints, in that order. REQUIRES: there are some; all have a share, or none.
std::shared_ptr<const PickerPart> MakePickerPart(const std::vector<PolicyPlace>& places,
                                                 const balancer::PolicyBuilder& policy);

// A look at what endpoints weigh by their load reports. A value.
struct LoadLook {
  uint64_t number = 0;  // above 0 and rising; 0: reports do not count
  absl::Time time = absl::InfinitePast();
  bool warms = false;  // the weights of places are how warm endpoints are, in percent: that counts
};

// The ready endpoints of a locality as they come and go, each with the weight of all the places
// that name it. A change costs what a chunk costs, whatever the size; but where load reports count
// all endpoints are looked at, since each weighs what it does against the others.
// Serializer-bound.
class ReadyList {
 public:
  // Adds `delta` to the weight of `endpoint`, which is in the list while that is above 0.
  void Adjust(Endpoint* endpoint, int64_t delta);

  uint32_t size() const { return static_cast<uint32_t>(slots_.size()); }
  uint64_t weight() const { return weight_; }

  // The list now, the same part as before if nothing changed. Null if it is empty. With a `look`
  // endpoints weigh what they weigh by their load reports then, not what their places do.
  // REQUIRES: with a look, each of them is listened to (Endpoint::ListenForLoad).
  std::shared_ptr<const PickerPart> Part(
      const std::shared_ptr<const balancer::PolicyBuilder>& policy, const LoadLook& look = {});
  // What Part() returned last.
  const PickerPart* last_part() const { return part_.get(); }

 private:
  struct Slot {
    Endpoint* endpoint;
    int64_t weight;
  };
  // Weights by load reports.
  struct Reported {
    uint64_t look = 0;            // that they are of
    bool warms = false;           // so was the look
    std::vector<uint16_t> turns;  // by slot, above 0
  };
  void Touch(size_t slot);
  void Weigh(const LoadLook& look);
  int64_t WeightOf(size_t slot) const;
  void BuildChunk(size_t chunk);

  std::vector<Slot> slots_;  // dense: the last one fills a gap
  absl::flat_hash_map<Endpoint*, uint32_t> positions_;
  uint64_t weight_ = 0;
  // Of the last part.
  std::vector<PickerPart::Chunk> endpoints_;
  std::vector<std::shared_ptr<const balancer::Weights::Chunk>> weights_;
  std::vector<bool> stale_;  // by chunk
  bool changed_ = true;
  std::unique_ptr<Reported> reported_;  // null: weights are those of places
  // Kept, so that another one is never taken for it.
  std::shared_ptr<const balancer::PolicyBuilder> policy_;
  std::shared_ptr<const PickerPart> part_;
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_READY_LIST_H_
