#include "mesh/cluster/ready_list.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "balancer/static_stride.h"

namespace mesh::cluster {
namespace {

constexpr size_t kChunk = balancer::Weights::kChunkSize;
// Of an endpoint that is there once.
constexpr int64_t kWarm = 100;  // percent

// The places of a part, of which those that a call has tried cannot take it; nor can those that it
// would have to wait for.
class UntriedPlaces final : public balancer::PlaceView {
 public:
  UntriedPlaces(const PickerPart& part, absl::Span<const Endpoint* const> tried)
      : part_(part), tried_(tried) {}
  uint64_t InFlight(uint32_t place) const override { return part_.InFlight(place); }
  uint64_t InFlightOfAll(uint32_t places) const override { return part_.InFlightOfAll(places); }
  bool CanTake(uint32_t place) const override {
    const Endpoint* const endpoint = part_.at(place);
    return endpoint->connection_state() == wire::ConnectionState::kReady && part_.CanTake(place) &&
           std::find(tried_.begin(), tried_.end(), endpoint) == tried_.end();
  }

 private:
  const PickerPart& part_;
  const absl::Span<const Endpoint* const> tried_;
};

}  // namespace

Endpoint* PickerPart::PickUntried(balancer::PickInput* input,
                                  absl::Span<const Endpoint* const> tried) const {
  const UntriedPlaces places(*this, tried);
  input->places = &places;
  return at(policy_->Pick(*input));
}

uint64_t PickerPart::InFlightOfAll(uint32_t places) const {
  constexpr uint32_t kFew = 64;
  constexpr uint32_t kStep = 8;
  if (places <= kFew) return PlaceView::InFlightOfAll(places);
  // Threads that meet here may both count the same places; the other one's count is lost then.
  const uint64_t round = round_.load(std::memory_order_relaxed);
  auto counted = static_cast<uint32_t>(round >> 32);
  uint64_t sum = static_cast<uint32_t>(round);
  const uint32_t end = places - counted > kStep ? counted + kStep : places;
  while (counted < end) sum += InFlight(counted++);
  sum = std::min<uint64_t>(sum, std::numeric_limits<uint32_t>::max());
  const bool is_whole = counted == places;
  round_.store(is_whole ? 0 : uint64_t{counted} << 32 | sum, std::memory_order_relaxed);
  uint64_t all = in_flight_of_all_.load(std::memory_order_relaxed);
  if (is_whole || all == kUnknown) {
    all = is_whole ? sum : EstimateInFlight(places);
    in_flight_of_all_.store(all, std::memory_order_relaxed);
  }
  return all;
}

uint64_t PickerPart::EstimateInFlight(uint32_t places) const {
  constexpr uint32_t kSamples = 256;
  const uint32_t samples = std::min(places, kSamples);
  uint64_t sum = 0;
  for (uint64_t i = 0; i < samples; ++i) {
    sum += InFlight(static_cast<uint32_t>(i * places / samples));
  }
  return sum * places / samples;
}

std::shared_ptr<const PickerPart> MakePickerPart(const std::vector<PolicyPlace>& places,
                                                 const balancer::PolicyBuilder& policy) {
  std::vector<PickerPart::Chunk> chunks;
  std::vector<uint32_t> weights;
  std::vector<double> shares;
  for (size_t i = 0; i < places.size(); ++i) {
    if (i % kChunk == 0) {
      chunks.emplace_back(new Endpoint*[std::min(kChunk, places.size() - i)]);
    }
    chunks.back()[i % kChunk] = places[i].endpoint;
    weights.push_back(places[i].weight);
    if (places[i].share > 0) shares.push_back(places[i].share);
  }
  const auto key = [&places](uint32_t place) { return places[place].key; };
  return std::make_shared<const PickerPart>(
      std::move(chunks),
      policy.Build({balancer::Weights::Of(weights), key, shares.empty() ? nullptr : &shares}),
      static_cast<uint32_t>(places.size()));
}

void ReadyList::Touch(size_t slot) {
  const size_t chunk = slot / kChunk;
  if (chunk >= stale_.size()) stale_.resize(chunk + 1, true);
  stale_[chunk] = true;
  changed_ = true;
}

void ReadyList::Adjust(Endpoint* endpoint, int64_t delta) {
  const auto [found, added] =
      positions_.try_emplace(endpoint, static_cast<uint32_t>(slots_.size()));
  const uint32_t position = found->second;
  if (added) slots_.push_back({endpoint, 0});
  Touch(position);
  weight_ += delta;
  slots_[position].weight += delta;
  if (slots_[position].weight > 0) return;
  positions_.erase(found);
  Touch(slots_.size() - 1);
  if (position + 1 != slots_.size()) {
    slots_[position] = slots_.back();
    positions_[slots_[position].endpoint] = position;
  }
  slots_.pop_back();
}

void ReadyList::BuildChunk(size_t chunk) {
  const size_t begin = chunk * kChunk;
  const size_t count = std::min(kChunk, slots_.size() - begin);
  PickerPart::Chunk endpoints(new Endpoint*[count]);
  std::vector<uint32_t> weights(count);
  for (size_t i = 0; i < count; ++i) {
    endpoints[i] = slots_[begin + i].endpoint;
    weights[i] = static_cast<uint32_t>(
        std::min<int64_t>(WeightOf(begin + i), std::numeric_limits<uint32_t>::max()));
  }
  endpoints_[chunk] = std::move(endpoints);
  weights_[chunk] = std::make_shared<const balancer::Weights::Chunk>(weights);
}

int64_t ReadyList::WeightOf(size_t slot) const {
  if (reported_ == nullptr) return slots_[slot].weight;
  return reported_->turns[slot] * (reported_->warms ? std::min(slots_[slot].weight, kWarm) : 1);
}

void ReadyList::Weigh(const LoadLook& look) {
  if (look.number == 0) {
    if (reported_ == nullptr) return;
    reported_ = nullptr;
    for (size_t slot = 0; slot < slots_.size(); ++slot) Touch(slot);
    return;
  }
  if (reported_ == nullptr) reported_ = std::make_unique<Reported>();
  if (reported_->look == look.number && !changed_) return;
  std::vector<double> weights;
  weights.reserve(slots_.size());
  for (const Slot& slot : slots_) weights.push_back(slot.endpoint->known_load().Weight(look.time));
  std::vector<uint16_t> turns = balancer::StaticStrideWeights(weights);
  if (turns.empty()) turns.assign(slots_.size(), 1);
  const std::vector<uint16_t>& before = reported_->turns;
  for (size_t slot = 0; slot < turns.size(); ++slot) {
    if (slot >= before.size() || before[slot] != turns[slot]) Touch(slot);
  }
  *reported_ = {look.number, look.warms, std::move(turns)};
}

std::shared_ptr<const PickerPart> ReadyList::Part(
    const std::shared_ptr<const balancer::PolicyBuilder>& policy, const LoadLook& look) {
  Weigh(look);
  if (!changed_ && policy == policy_) return part_;
  const size_t chunks = (slots_.size() + kChunk - 1) / kChunk;
  endpoints_.resize(chunks);
  weights_.resize(chunks);
  stale_.resize(chunks, true);
  for (size_t i = 0; i < chunks; ++i) {
    if (stale_[i]) BuildChunk(i);
    stale_[i] = false;
  }
  changed_ = false;
  policy_ = policy;
  part_ = nullptr;
  if (slots_.empty()) return part_;
  const auto key = [this](uint32_t place) -> absl::string_view {
    return slots_[place].endpoint->address();
  };
  part_ = std::make_shared<const PickerPart>(
      endpoints_, policy->Build({balancer::Weights(weights_), key}), size());
  return part_;
}

}  // namespace mesh::cluster
