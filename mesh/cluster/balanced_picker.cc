#include "mesh/cluster/balanced_picker.h"

#include <algorithm>
#include <utility>

#include "mesh/base/random.h"

namespace mesh::cluster {
namespace {

using Group = BalancedPicker::Group;

bool IsTried(const PickRequest& request, const Endpoint* endpoint) {
  return std::find(request.tried.begin(), request.tried.end(), endpoint) != request.tried.end();
}

bool IsConnected(const Endpoint* endpoint) {
  return endpoint->connection_state() == wire::ConnectionState::kReady;
}

// The group that the hash, or a random number, falls into (envoy load_balancer_impl,
// choosePriority).
size_t ChooseGroup(const std::vector<Group>& groups, uint64_t hash) {
  uint64_t left = hash % 100;
  for (size_t i = 0; i + 1 < groups.size(); ++i) {
    if (left < groups[i].load) return i;
    left -= groups[i].load;
  }
  return groups.size() - 1;
}

// A connected endpoint that `request` has not tried, of that part if there is one, else of the
// others of the group, else of the other groups; null if there is none. Looks at no more places of
// a part than may be tried, and one.
Endpoint* FindUntried(const std::vector<Group>& groups, const PickRequest& request, size_t chosen,
                      size_t part, uint64_t from) {
  for (size_t g = 0; g < groups.size(); ++g) {
    const Group& group = groups[(chosen + g) % groups.size()];
    for (size_t p = 0; p < group.parts.size(); ++p) {
      const PickerPart& here = *group.parts[(part + p) % group.parts.size()];
      const size_t places = std::min<size_t>(here.size(), request.tried.size() + 1);
      for (size_t i = 0; i < places; ++i) {
        Endpoint* endpoint = here.at(static_cast<uint32_t>((from + i) % here.size()));
        if (!IsTried(request, endpoint) && IsConnected(endpoint)) return endpoint;
      }
    }
  }
  return nullptr;
}

// Endpoints are avoided (see AvoidStall) that have so many calls unanswered, and so many times as
// many as another one, and one: a pause that all share, or a burst of answers, is none of theirs.
constexpr uint32_t kFewestUnanswered = 8;
constexpr uint32_t kTimesUnanswered = 4;

// `endpoint`, or another of the group if that answers calls while `endpoint` does not. Compares
// with a few at random: in a group where most answer, that is enough.
Endpoint* AvoidStall(const Group& group, const PickRequest& request, Endpoint* endpoint,
                     uint64_t random) {
  constexpr int kSamples = 8;
  for (int i = 0; i < kSamples; ++i) {
    random = random * 0x5851f42d4c957f2d + 0x14057b7ef767814f;
    const PickerPart& part = *group.parts[(random >> 48) % group.parts.size()];
    Endpoint* other = part.at(static_cast<uint32_t>((random >> 20) % part.size()));
    if (other == endpoint || !IsConnected(other) || IsTried(request, other)) continue;
    if (endpoint->unanswered() < kTimesUnanswered * (other->unanswered() + 1)) continue;
    endpoint->SuspectStall();
    return other;
  }
  return endpoint;
}

bool IsLikeGroup(const Group& a, const Group& b) {
  return a.load == b.load && a.parts == b.parts && a.shares == b.shares;
}

}  // namespace

BalancedPicker::BalancedPicker(State state, std::shared_ptr<const Drops> drops,
                               std::shared_ptr<const SubsetMap> subsets)
    : state_(std::move(state)), drops_(std::move(drops)), subsets_(std::move(subsets)) {
  const auto* serving = std::get_if<Serving>(&state_);
  if (serving == nullptr) return;
  localities_.resize(serving->groups.size());
  for (size_t i = 0; i < serving->groups.size(); ++i) {
    const Group& group = serving->groups[i];
    if (group.parts.size() > 1) localities_[i].emplace(group.shares);
  }
}

size_t BalancedPicker::CursorsFor(const std::vector<Group>& groups) {
  size_t count = groups.size();
  for (const Group& group : groups) count += group.parts.size();
  return count;
}

bool BalancedPicker::IsLike(const State& state, const std::shared_ptr<const Drops>& drops) const {
  if (state.index() != state_.index() || drops != drops_) return false;
  if (const auto* failed = std::get_if<Failed>(&state)) {
    return failed->status == std::get<Failed>(state_).status;
  }
  if (const auto* serving = std::get_if<Serving>(&state)) {
    const auto& mine = std::get<Serving>(state_);
    if (mine.guarded != serving->guarded || mine.refusal != serving->refusal) return false;
    return std::equal(mine.groups.begin(), mine.groups.end(), serving->groups.begin(),
                      serving->groups.end(), IsLikeGroup);
  }
  return true;
}

std::vector<uint64_t> BalancedPicker::PartShares(size_t group) const {
  if (localities_[group]) return localities_[group]->Shares();
  return std::vector<uint64_t>(std::get<Serving>(state_).groups[group].parts.size(), 1);
}

PickResult BalancedPicker::Pick(const PickRequest& request) const {
  if (const auto* serving = std::get_if<Serving>(&state_)) return PickFrom(*serving, request);
  if (const auto* failed = std::get_if<Failed>(&state_)) return *failed;
  return Pending{};
}

PickResult BalancedPicker::PickFrom(const Serving& serving, const PickRequest& request) const {
  const balancer::Cursors::Shard cursors = serving.cursors->Mine();
  balancer::PickInput input;
  input.random = FastRandom();
  input.hash = request.hash;
  size_t chosen = 0;
  size_t first_cursor = 0;
  if (serving.groups.size() > 1) {
    const bool by_hash = serving.hashes && request.hash.has_value();
    chosen = ChooseGroup(serving.groups, by_hash ? *request.hash : input.random);
    for (size_t i = 0; i < chosen; ++i) first_cursor += 1 + serving.groups[i].parts.size();
    // The rest of the random number is as good as new.
    input.random = input.random * 0x9e3779b97f4a7c15 + 0x2545f4914f6cdd1d;
  }
  const Group& group = serving.groups[chosen];
  if (group.parts.empty()) return Failed{serving.refusal};
  const size_t part = localities_[chosen] ? localities_[chosen]->At(cursors.Next(first_cursor)) : 0;
  // Each locality has a cursor of its own: with a common one, two that take turns would each see
  // every other number, and half of their endpoints.
  input.cursor = cursors.Next(first_cursor + 1 + part);
  Endpoint* endpoint = group.parts[part]->Pick(&input, request.tried);
  if (!request.tried.empty() && IsTried(request, endpoint)) {
    const uint64_t from = input.random % group.parts[part]->size();
    Endpoint* other = FindUntried(serving.groups, request, chosen, part, from);
    if (other != nullptr) endpoint = other;
  }
  if (serving.hashes && !IsConnected(endpoint)) return Pending{};
  if (serving.guarded && endpoint->unanswered() >= kFewestUnanswered) {
    endpoint = AvoidStall(group, request, endpoint, input.random);
  }
  return PickResult(std::in_place_type<Picked>, endpoint);
}

}  // namespace mesh::cluster
