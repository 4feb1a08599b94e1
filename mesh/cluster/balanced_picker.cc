#include "mesh/cluster/balanced_picker.h"

#include <algorithm>
#include <utility>

#include "mesh/base/random.h"

namespace mesh::cluster {
namespace {

bool IsTried(const PickRequest& request, const Endpoint* endpoint) {
  return std::find(request.tried.begin(), request.tried.end(), endpoint) != request.tried.end();
}

}  // namespace

BalancedPicker::BalancedPicker(State state) : state_(std::move(state)) {
  const auto* serving = std::get_if<Serving>(&state_);
  if (serving != nullptr && serving->parts.size() > 1) localities_.emplace(serving->shares);
}

bool BalancedPicker::IsLike(const State& state) const {
  if (state.index() != state_.index()) return false;
  if (const auto* failed = std::get_if<Failed>(&state)) {
    return failed->status == std::get<Failed>(state_).status;
  }
  if (const auto* serving = std::get_if<Serving>(&state)) {
    const auto& mine = std::get<Serving>(state_);
    return serving->parts == mine.parts && serving->shares == mine.shares;
  }
  return true;
}

std::vector<uint64_t> BalancedPicker::PartShares() const {
  if (localities_) return localities_->Shares();
  return std::vector<uint64_t>(std::holds_alternative<Serving>(state_) ? 1 : 0, 1);
}

PickResult BalancedPicker::Pick(const PickRequest& request) const {
  if (const auto* serving = std::get_if<Serving>(&state_)) {
    return Picked{PickFrom(*serving, request)};
  }
  if (const auto* failed = std::get_if<Failed>(&state_)) return *failed;
  return Pending{};
}

Permit BalancedPicker::PickFrom(const Serving& serving, const PickRequest& request) const {
  const balancer::Cursors::Shard cursors = serving.cursors->Mine();
  const size_t part = localities_ ? localities_->At(cursors.Next(0)) : 0;
  // Each locality has a cursor of its own: with a common one, two that take turns would each see
  // every other number, and half of their endpoints.
  balancer::PickInput input;
  input.random = FastRandom();
  input.cursor = cursors.Next(1 + part);
  input.hash = request.hash;
  Endpoint* endpoint = serving.parts[part]->Pick(input);
  if (!request.tried.empty() && IsTried(request, endpoint)) {
    const uint32_t from = static_cast<uint32_t>(input.random % serving.parts[part]->size());
    Endpoint* other = FindUntried(serving, request, part, from);
    if (other != nullptr) endpoint = other;
  }
  return Permit(endpoint);
}

// Looks at no more places of a part than may be tried, and one.
Endpoint* BalancedPicker::FindUntried(const Serving& serving, const PickRequest& request,
                                      size_t part, uint32_t from) const {
  for (size_t p = 0; p < serving.parts.size(); ++p) {
    const PickerPart& here = *serving.parts[(part + p) % serving.parts.size()];
    const size_t places = std::min<size_t>(here.size(), request.tried.size() + 1);
    for (size_t i = 0; i < places; ++i) {
      Endpoint* endpoint = here.at(static_cast<uint32_t>((from + i) % here.size()));
      if (!IsTried(request, endpoint)) return endpoint;
    }
  }
  return nullptr;
}

}  // namespace mesh::cluster
