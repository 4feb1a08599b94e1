// Random histories: the detector decides as a twin that reads the rules off the whole history,
// and what must always hold of ejections holds.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/base/random.h"
#include "mesh/cluster/outlier_detector.h"
#include "tests/cluster/outlier_fixture.h"

namespace mesh::cluster {
namespace {

using Config = std::optional<model::OutlierDetection>;

constexpr auto kLocalError = AttemptVerdict::kLocalError;
constexpr auto kNothing = AttemptVerdict::kNothing;
constexpr auto kServerError = AttemptVerdict::kServerError;
constexpr auto kSuccess = AttemptVerdict::kSuccess;

// The rules as they are written, without a thought for cost. It keeps every attempt.
class Twin {
 public:
  struct Member {
    size_t id;
    std::vector<AttemptVerdict> attempts;  // all that were counted
    std::vector<bool> split;               // of each: whether local origin was apart then
    size_t interval = 0;                   // where this one's begin
    size_t row[3] = {};                    // where counts in a row begin, by cause
    bool out = false;
    absl::Time since;
    absl::Duration jitter;
    int64_t multiplier = 0;
  };

  explicit Twin(std::unique_ptr<Random> random) : random_(std::move(random)) {}

  void Add(size_t id) {
    members_.emplace_back();
    members_.back().id = id;
  }
  void Remove(size_t id) {
    // The last takes the place of one that leaves: which of two equal outliers is first.
    *Find(id) = members_.back();
    members_.pop_back();
  }
  void Update(const Config& config, absl::Time now) {
    const bool split = config.has_value() && config->split_local_origin;
    std::vector<uint32_t> row = {split};
    if (config.has_value()) {
      row = {1u + split, config->consecutive_5xx.threshold,
             config->consecutive_gateway_failure.threshold,
             split ? config->consecutive_local_origin_failure.threshold : 0};
    }
    if (row != row_) {
      for (Member& member : members_) BeginRows(&member);
    }
    row_ = row;
    if (!config_.has_value()) last_tick_ = now;
    config_ = config;
    if (config_.has_value()) return;
    for (Member& member : members_) {
      if (member.out) BeginRows(&member);
      member.out = false;
      member.multiplier = 0;
      member.interval = member.attempts.size();
    }
  }

  void Attempt(size_t id, AttemptVerdict verdict, absl::Time now) {
    if (!config_.has_value() || verdict == kNothing) return;
    Member& member = *Find(id);
    member.attempts.push_back(verdict);
    member.split.push_back(config_->split_local_origin);
    // All that this one has reached was told at the same time.
    std::vector<EjectionCause> told;
    for (EjectionCause cause :
         {EjectionCause::kConsecutiveLocalOriginFailure, EjectionCause::kConsecutiveGatewayFailure,
          EjectionCause::kConsecutive5xx}) {
      const uint32_t threshold = row_[1 + static_cast<size_t>(cause)];
      if (threshold > 0 && LastsIn(member, cause) && InARow(member, cause) == threshold) {
        told.push_back(cause);
      }
    }
    for (EjectionCause cause : told) {
      if (member.out) continue;
      TryEject(&member, cause, now);
      member.row[static_cast<size_t>(cause)] = member.attempts.size();
    }
  }

  absl::Time NextInterval() const { return last_tick_ + config_->interval; }

  void Tick(absl::Time now) {
    last_tick_ = now;
    std::vector<Member*> in;
    for (Member& member : members_) {
      if (!member.out) {
        in.push_back(&member);
      } else if (member.since + Length(member) <= now) {
        member.out = false;
        BeginRows(&member);
      }
    }
    for (bool local : {false, true}) {
      if (local && !config_->split_local_origin) continue;
      SuccessRates(in, local, now);
      FailurePercentages(in, local, now);
    }
    for (Member* member : in) {
      if (!member->out) member->multiplier = std::max<int64_t>(0, member->multiplier - 1);
    }
    for (Member& member : members_) member.interval = member.attempts.size();
  }

  bool ReadmitByActiveCheck(size_t id) {
    Member& member = *Find(id);
    if (!member.out || !config_->readmit_on_active_check) return false;
    member.out = false;
    BeginRows(&member);
    return true;
  }

  Member* Find(size_t id) {
    return &*std::find_if(members_.begin(), members_.end(),
                          [&](const Member& member) { return member.id == id; });
  }
  const std::vector<Member>& members() const { return members_; }
  absl::Duration Length(const Member& member) const {
    const absl::Duration most = std::max(config_->base_ejection_time, config_->max_ejection_time);
    return std::min(config_->base_ejection_time * member.multiplier, most) + member.jitter;
  }
  size_t out() const {
    return std::count_if(members_.begin(), members_.end(),
                         [](const Member& member) { return member.out; });
  }
  const OutlierDetector::Counts& counts(EjectionCause cause) { return counts_[cause]; }

 private:
  void BeginRows(Member* member) {
    for (size_t& row : member->row) row = member->attempts.size();
  }

  // Whether a failure that counts for `cause` is the last attempt.
  bool LastsIn(const Member& member, EjectionCause cause) const {
    return Counts(member.attempts.back(), cause) == 1;
  }
  // 1: counts for it; 0: ends the row; -1: has nothing to do with it.
  int Counts(AttemptVerdict verdict, EjectionCause cause) const {
    const bool split = config_->split_local_origin;
    if (cause == EjectionCause::kConsecutiveLocalOriginFailure) return verdict == kLocalError;
    if (split && verdict == kLocalError) return -1;
    if (verdict == kSuccess) return 0;
    if (cause == EjectionCause::kConsecutiveGatewayFailure) return verdict != kServerError;
    return 1;
  }
  uint32_t InARow(const Member& member, EjectionCause cause) const {
    uint32_t count = 0;
    for (size_t i = member.attempts.size(); i > member.row[static_cast<size_t>(cause)]; --i) {
      const int counts = Counts(member.attempts[i - 1], cause);
      if (counts == 0) break;
      count += counts == 1;
    }
    return count;
  }

  void TryEject(Member* member, EjectionCause cause, absl::Time now) {
    if (member->out) return;
    ++counts_[cause].detected;
    const double all = static_cast<double>(members_.size());
    const double percent = std::min<uint32_t>(100, config_->max_ejection_percent);
    bool room = 100.0 * out() / all < percent;
    if (config_->cap_counts_the_next) {
      room = 100.0 * (out() + 1) / all <= percent || (config_->always_eject_one && out() == 0);
    }
    if (!room) {
      ++counts_[cause].over_cap;
      return;
    }
    const uint32_t enforcing = Enforcing(cause);
    if (enforcing == 0) return;
    if (enforcing < 100 && random_->NextBelow(100) >= enforcing) return;
    ++counts_[cause].enforced;
    member->out = true;
    member->since = now;
    const int64_t jitter = absl::ToInt64Milliseconds(config_->max_ejection_time_jitter);
    member->jitter =
        jitter == 0 ? absl::ZeroDuration() : absl::Milliseconds(random_->NextBelow(jitter + 1));
    const absl::Duration most = std::max(config_->base_ejection_time, config_->max_ejection_time);
    const absl::Duration base = config_->base_ejection_time;
    if (base * member->multiplier < most + base) ++member->multiplier;
  }

  uint32_t Enforcing(EjectionCause cause) const {
    const std::map<EjectionCause, uint32_t> table = {
        {EjectionCause::kConsecutive5xx, config_->consecutive_5xx.enforcing},
        {EjectionCause::kConsecutiveGatewayFailure, config_->consecutive_gateway_failure.enforcing},
        {EjectionCause::kConsecutiveLocalOriginFailure,
         config_->consecutive_local_origin_failure.enforcing},
        {EjectionCause::kSuccessRate, config_->success_rate.enforcing},
        {EjectionCause::kSuccessRateLocalOrigin, config_->success_rate.enforcing_local_origin},
        {EjectionCause::kFailurePercentage, config_->failure_percentage.enforcing},
        {EjectionCause::kFailurePercentageLocalOrigin,
         config_->failure_percentage.enforcing_local_origin},
    };
    return table.at(cause);
  }

  // The percentage of the interval's attempts that succeeded, if there were as many.
  std::optional<double> Rate(const Member& member, bool local, uint32_t volume) const {
    double success = 0, total = 0;
    for (size_t i = member.interval; i < member.attempts.size(); ++i) {
      const AttemptVerdict verdict = member.attempts[i];
      if (local) {
        total += member.split[i];
        success += member.split[i] && verdict != kLocalError;
      } else if (verdict != kLocalError || !member.split[i]) {
        ++total;
        success += verdict == kSuccess;
      }
    }
    if (total == 0 || total < volume) return std::nullopt;
    return 100 * success / total;
  }

  void SuccessRates(const std::vector<Member*>& in, bool local, absl::Time now) {
    const model::OutlierDetection::SuccessRate& rule = config_->success_rate;
    if (!rule.on) return;
    std::vector<std::pair<double, Member*>> rated;
    for (Member* member : in) {
      const auto rate = Rate(*member, local, rule.request_volume);
      if (rate.has_value()) rated.emplace_back(*rate, member);
    }
    if (rated.empty() || rated.size() < rule.minimum_hosts) return;
    // Of the squares' mean, instead of the deviations'; rounding decides nothing here.
    double sum = 0, squares = 0;
    for (const auto& [rate, member] : rated) {
      sum += rate;
      squares += rate * rate;
    }
    const double mean = sum / rated.size();
    const double deviation = std::sqrt(std::max(0.0, squares / rated.size() - mean * mean));
    const double threshold = mean - deviation * rule.stdev_factor / 1000;
    Eject(
        rated, [&](double rate) { return rate < threshold - 1e-6; },
        local ? EjectionCause::kSuccessRateLocalOrigin : EjectionCause::kSuccessRate, now);
  }

  void FailurePercentages(const std::vector<Member*>& in, bool local, absl::Time now) {
    const model::OutlierDetection::FailurePercentage& rule = config_->failure_percentage;
    std::vector<std::pair<double, Member*>> rated;
    for (Member* member : in) {
      const auto rate = Rate(*member, local, rule.request_volume);
      if (rate.has_value()) rated.emplace_back(*rate, member);
    }
    if (rated.size() < rule.minimum_hosts) return;
    Eject(
        rated,
        [&](double rate) {
          return rule.or_equal ? 100 - rate >= rule.threshold - 1e-9
                               : 100 - rate > rule.threshold + 1e-9;
        },
        local ? EjectionCause::kFailurePercentageLocalOrigin : EjectionCause::kFailurePercentage,
        now);
  }

  template <typename IsOutlier>
  void Eject(std::vector<std::pair<double, Member*>> rated, IsOutlier is_outlier,
             EjectionCause cause, absl::Time now) {
    std::stable_sort(rated.begin(), rated.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [rate, member] : rated) {
      if (is_outlier(rate)) TryEject(member, cause, now);
    }
  }

  const std::unique_ptr<Random> random_;
  Config config_;
  std::vector<uint32_t> row_ = {0};
  absl::Time last_tick_;
  std::vector<Member> members_;
  std::map<EjectionCause, OutlierDetector::Counts> counts_;
};

uint32_t Of(Random* dice, std::vector<uint32_t> choices) {
  return choices[dice->NextBelow(choices.size())];
}

model::OutlierDetection RandomConfig(Random* dice) {
  model::OutlierDetection config;
  config.interval = absl::Seconds(Of(dice, {1, 3, 10}));
  config.base_ejection_time = absl::Seconds(Of(dice, {0, 2, 5, 30}));
  config.max_ejection_time = absl::Seconds(Of(dice, {1, 12, 60}));
  config.max_ejection_time_jitter = absl::Milliseconds(Of(dice, {0, 0, 1500}));
  config.max_ejection_percent = Of(dice, {0, 10, 34, 50, 100});
  config.cap_counts_the_next = Of(dice, {0, 1}) == 1;
  config.always_eject_one = Of(dice, {0, 1}) == 1;
  config.split_local_origin = Of(dice, {0, 1}) == 1;
  config.readmit_on_active_check = Of(dice, {0, 1}) == 1;
  config.consecutive_5xx = {Of(dice, {0, 1, 3, 5}), Of(dice, {0, 50, 100})};
  config.consecutive_gateway_failure = {Of(dice, {0, 2, 4}), Of(dice, {0, 50, 100})};
  config.consecutive_local_origin_failure = {Of(dice, {0, 2, 3}), Of(dice, {0, 50, 100})};
  config.success_rate.on = Of(dice, {0, 1}) == 1;
  config.success_rate.minimum_hosts = Of(dice, {0, 2, 4});
  config.success_rate.request_volume = Of(dice, {0, 2, 6});
  config.success_rate.stdev_factor = Of(dice, {100, 1000, 1900});
  config.success_rate.enforcing = Of(dice, {0, 50, 100});
  config.success_rate.enforcing_local_origin = Of(dice, {0, 50, 100});
  config.failure_percentage.threshold = Of(dice, {1, 50, 85, 100});
  config.failure_percentage.or_equal = Of(dice, {0, 1}) == 1;
  config.failure_percentage.minimum_hosts = Of(dice, {0, 2, 4});
  config.failure_percentage.request_volume = Of(dice, {0, 2, 6});
  // Never 0, so that it is never without a detector: the twin does not know that rule.
  config.failure_percentage.enforcing = Of(dice, {1, 50, 100});
  config.failure_percentage.enforcing_local_origin = Of(dice, {0, 50, 100});
  return config;
}

// Endpoints fail by runs, or rates would all be alike.
AttemptVerdict RandomVerdict(Random* dice, size_t id, int64_t second) {
  const bool is_ill = (id * 7 + second / 20) % 3 == 0;
  if (dice->NextBelow(100) >= (is_ill ? 85u : 10u)) {
    return dice->NextBelow(20) == 0 ? kNothing : kSuccess;
  }
  return static_cast<AttemptVerdict>(2 + dice->NextBelow(3));
}

class History {
 public:
  explicit History(uint64_t seed)
      : dice_(NewSeededRandom(seed)),
        random_(NewSeededRandom(~seed)),
        detector_(random_.get()),
        twin_(NewSeededRandom(~seed)) {
    const model::OutlierDetection config = RandomConfig(dice_.get());
    Update(config);
    for (int i = 0; i < 6; ++i) Add();
  }

  // One random event, on both sides; then both must be alike.
  void Step() {
    const uint64_t event = dice_->NextBelow(1000);
    if (event < 940) {
      Attempt();
    } else if (event < 985) {
      Pass(absl::Milliseconds(dice_->NextBelow(4000)));
    } else if (event < 990) {
      Add();
    } else if (event < 994) {
      if (!ids_.empty()) Remove(Pick());
    } else if (event < 997) {
      if (!ids_.empty()) ReadmitByActiveCheck(Pick());
    } else {
      Update(dice_->NextBelow(5) == 0 ? Config() : Config(RandomConfig(dice_.get())));
    }
    Compare();
  }

  uint64_t ejections() const {
    uint64_t sum = 0;
    for (size_t i = 0; i < kEjectionCauses; ++i) {
      sum += detector_.counts(static_cast<EjectionCause>(i)).enforced;
    }
    return sum;
  }
  const OutlierDetector& detector() const { return detector_; }

 private:
  size_t Pick() { return ids_[dice_->NextBelow(ids_.size())]; }

  void Attempt() {
    if (ids_.empty()) return;
    const size_t id = Pick();
    const AttemptVerdict verdict =
        RandomVerdict(dice_.get(), id, absl::ToInt64Seconds(now_ - absl::UnixEpoch()));
    const Crossings crossings = counters_[id]->Record(verdict, *detector_.rules());
    if (!crossings.empty()) detector_.OnConsecutive(OutlierWorld::Key(id), crossings, now_);
    twin_.Attempt(id, verdict, now_);
  }
  void Pass(absl::Duration time) {
    now_ += time;
    if (!detector_.is_on()) return;
    ASSERT_EQ(detector_.NextInterval(), twin_.NextInterval());
    if (detector_.NextInterval() > now_) return;
    detector_.OnInterval(now_);
    twin_.Tick(now_);
  }
  void Add() {
    const size_t id = counters_.size();
    counters_.push_back(std::make_unique<OutlierCounters>());
    detector_.Add(OutlierWorld::Key(id), counters_[id].get());
    twin_.Add(id);
    ids_.push_back(id);
  }
  void Remove(size_t id) {
    detector_.Remove(OutlierWorld::Key(id));
    twin_.Remove(id);
    ids_.erase(std::find(ids_.begin(), ids_.end(), id));
  }
  void ReadmitByActiveCheck(size_t id) {
    EXPECT_EQ(detector_.ReadmitByActiveCheck(OutlierWorld::Key(id)),
              twin_.ReadmitByActiveCheck(id));
  }
  void Update(const Config& config) {
    detector_.Update(config, now_);
    twin_.Update(config, now_);
  }

  void Compare() {
    ASSERT_EQ(detector_.size(), ids_.size());
    ASSERT_EQ(detector_.ejected(), twin_.out());
    for (const Twin::Member& member : twin_.members()) {
      const auto ejection = detector_.ejection(OutlierWorld::Key(member.id));
      ASSERT_EQ(ejection.has_value(), member.out) << member.id;
      if (!member.out) continue;
      ASSERT_EQ(ejection->since, member.since);
      ASSERT_EQ(ejection->duration, twin_.Length(member));
    }
    for (size_t i = 0; i < kEjectionCauses; ++i) {
      const auto cause = static_cast<EjectionCause>(i);
      ASSERT_EQ(detector_.counts(cause).detected, twin_.counts(cause).detected) << NameOf(cause);
      ASSERT_EQ(detector_.counts(cause).enforced, twin_.counts(cause).enforced) << NameOf(cause);
      ASSERT_EQ(detector_.counts(cause).over_cap, twin_.counts(cause).over_cap) << NameOf(cause);
    }
  }

  const std::unique_ptr<Random> dice_, random_;
  OutlierDetector detector_;
  Twin twin_;
  std::vector<std::unique_ptr<OutlierCounters>> counters_;
  std::vector<size_t> ids_;
  absl::Time now_ = absl::UnixEpoch() + absl::Hours(1);
};

TEST(OutlierDetectorRandomTest, DecidesAsItsTwin) {
  std::set<size_t> causes;
  uint64_t ejections = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    for (int step = 0; step < 2000; ++step) {
      SCOPED_TRACE(step);
      history.Step();
      if (HasFatalFailure() || HasNonfatalFailure()) return;
    }
    ejections += history.ejections();
    for (size_t i = 0; i < kEjectionCauses; ++i) {
      if (history.detector().counts(static_cast<EjectionCause>(i)).enforced > 0) causes.insert(i);
    }
  }
  // Otherwise the histories do not test much.
  EXPECT_EQ(causes.size(), kEjectionCauses);
  EXPECT_GT(ejections, 1000u);
}

TEST(OutlierDetectorRandomTest, NeitherTooManyNorForTooLong) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const std::unique_ptr<Random> dice = NewSeededRandom(seed);
    const model::OutlierDetection config = RandomConfig(dice.get());
    const absl::Duration longest = std::max(config.base_ejection_time, config.max_ejection_time) +
                                   config.max_ejection_time_jitter + config.interval;
    const size_t endpoints = 1 + dice->NextBelow(12);
    std::vector<uint64_t> draws(10000);
    for (uint64_t& draw : draws) draw = dice->Next();
    OutlierWorld world(endpoints, config, draws);
    for (int ms = 0; ms < 300000; ms += 250) {
      world.RunUntil(absl::Milliseconds(ms));
      for (size_t i = 0; i < endpoints; ++i) {
        for (int j = 0; j < 3; ++j) world.Attempt(i, RandomVerdict(dice.get(), i, ms / 1000));
      }
      const uint64_t ejected = world.detector().ejected();
      ASSERT_LE(ejected, endpoints);
      const uint64_t all = uint64_t{config.max_ejection_percent} * endpoints;
      if (config.cap_counts_the_next) {
        ASSERT_TRUE(100 * ejected <= all || (config.always_eject_one && ejected == 1));
      } else {
        ASSERT_TRUE(ejected == 0 || 100 * (ejected - 1) < all);
      }
      for (size_t i = 0; i < endpoints; ++i) {
        const auto ejection = world.detector().ejection(world.Key(i));
        if (!ejection.has_value()) continue;
        ASSERT_LT(world.now() - ejection->since, longest) << i;
      }
    }
  }
}

}  // namespace
}  // namespace mesh::cluster
