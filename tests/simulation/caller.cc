#include "tests/simulation/caller.h"

namespace mesh::simulation {
namespace {

// One in so many calls has the planted fault, if there is one.
constexpr uint64_t kPlantedOneIn = 10;

}  // namespace

Caller::~Caller() = default;

uint64_t Caller::Make(CallSpec spec) {
  if (cores_.count(spec.target) == 0) return 0;
  const uint64_t number = ++made_;
  SimCall::World world = world_;
  world.core = cores_.at(spec.target);
  world.planted = world.plant != Plant::kNone && world.dice->OneIn(kPlantedOneIn);
  const absl::Duration due = world.trace->now() + spec.timeout + kGrace;
  auto call = std::make_shared<SimCall>(number, std::move(spec), std::move(world),
                                        [this](const CallEnd& end) { OnEnd(end); });
  open_[number].call = call;
  SetDue(number, due);
  call->Begin();
  return number;
}

void Caller::SetDue(uint64_t number, absl::Duration due) {
  Open& open = open_.at(number);
  if (due >= open.due) return;
  due_.erase({open.due, number});
  open.due = due;
  due_.insert({due, number});
}

void Caller::OnEnd(const CallEnd& end) {
  ended_.push_back(end);
  const auto found = open_.find(end.number);
  if (found == open_.end()) return;
  due_.erase({found->second.due, end.number});
  open_.erase(found);
}

void Caller::Cancel(uint64_t number) {
  const auto found = open_.find(number);
  if (found == open_.end()) return;
  const std::shared_ptr<SimCall> call = found->second.call;
  SetDue(number, world_.trace->now() + kCancelGrace);
  call->Cancel();
}

void Caller::Start(Load load) {
  load_ = std::make_unique<Load>(std::move(load));
  ++loads_;
  MakeSoon();
}

void Caller::Stop() {
  load_ = nullptr;
  ++loads_;
}

void Caller::MakeSoon() {
  const absl::Duration delay = world_.dice->Between(absl::ZeroDuration(), 2 * load_->interval);
  executor_->PostAfter(delay, [this, load = loads_] {
    if (load == loads_) MakeOne();
  });
}

void Caller::Burst(int calls) {
  for (int i = 0; i < calls && load_ != nullptr; ++i) {
    const absl::Duration when = world_.dice->Between(absl::ZeroDuration(), absl::Milliseconds(50));
    executor_->PostAfter(when, [this, load = loads_] {
      if (load == loads_) MakeOfLoad();
    });
  }
}

void Caller::MakeOne() {
  MakeOfLoad();
  MakeSoon();
}

void Caller::MakeOfLoad() {
  Dice& dice = *world_.dice;
  CallSpec spec;
  spec.target = dice.AnyOf(load_->targets);
  spec.timeout = dice.Chance(load_->endless) ? absl::InfiniteDuration() : load_->timeout;
  spec.managed = dice.Chance(load_->managed);
  spec.wait_for_ready = dice.Chance(load_->wait_for_ready);
  const uint64_t number = Make(std::move(spec));
  if (dice.Chance(load_->cancelled)) {
    const absl::Duration when = dice.Between(absl::ZeroDuration(), absl::Milliseconds(100));
    executor_->PostAfter(when, [this, number] { Cancel(number); });
  }
}

std::vector<CallSpec> Caller::OpenCalls() const {
  std::vector<CallSpec> specs;
  for (const auto& entry : open_) specs.push_back(entry.second.call->spec());
  return specs;
}

std::vector<CallEnd> Caller::Lost(absl::Duration from, absl::Duration to) const {
  std::vector<CallEnd> lost;
  for (const CallEnd& end : ended_) {
    if (end.start >= from && end.start < to && end.code != 0) lost.push_back(end);
  }
  return lost;
}

void Caller::Check() {
  const absl::Duration now = world_.trace->now();
  while (!due_.empty() && due_.begin()->first < now) {
    world_.violations->Add(Invariant::kOneStatus, "call ", due_.begin()->second,
                           " has no status, after its deadline or cancellation");
    due_.erase(due_.begin());
  }
  if (open_.empty()) return;
  std::map<const cluster::Endpoint*, uint64_t> held;
  for (const auto& entry : open_) {
    const cluster::Endpoint* const endpoint = entry.second.call->held();
    if (endpoint != nullptr) ++held[endpoint];
  }
  for (const auto& [endpoint, count] : held) {
    if (endpoint->in_flight() >= count) continue;
    world_.violations->Add(Invariant::kPermits, endpoint->address(), " counts ",
                           endpoint->in_flight(), " in flight, but ", count, " permits are out");
  }
}

}  // namespace mesh::simulation
