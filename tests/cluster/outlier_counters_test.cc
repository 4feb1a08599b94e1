// What attempts count on any thread for outlier detection.

#include "mesh/cluster/outlier_counters.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace mesh::cluster {
namespace {

constexpr auto kNothing = AttemptVerdict::kNothing;
constexpr auto kSuccess = AttemptVerdict::kSuccess;
constexpr auto kServerError = AttemptVerdict::kServerError;
constexpr auto kGatewayError = AttemptVerdict::kGatewayError;
constexpr auto kLocalError = AttemptVerdict::kLocalError;
constexpr auto k5xx = EjectionCause::kConsecutive5xx;
constexpr auto kGateway = EjectionCause::kConsecutiveGatewayFailure;
constexpr auto kLocalOrigin = EjectionCause::kConsecutiveLocalOriginFailure;

TEST(JudgeAttemptTest, TruthTable) {
  const struct {
    int code;
    const char* name;
    AttemptVerdict delivered;
    AttemptVerdict undelivered;
  } cases[] = {
      {0, "OK", kSuccess, kSuccess},
      {1, "CANCELLED", kNothing, kNothing},
      {2, "UNKNOWN", kServerError, kNothing},
      {3, "INVALID_ARGUMENT", kSuccess, kNothing},
      {4, "DEADLINE_EXCEEDED", kLocalError, kNothing},
      {5, "NOT_FOUND", kSuccess, kNothing},
      {6, "ALREADY_EXISTS", kSuccess, kNothing},
      {7, "PERMISSION_DENIED", kSuccess, kNothing},
      {8, "RESOURCE_EXHAUSTED", kSuccess, kNothing},
      {9, "FAILED_PRECONDITION", kSuccess, kNothing},
      {10, "ABORTED", kSuccess, kNothing},
      {11, "OUT_OF_RANGE", kSuccess, kNothing},
      {12, "UNIMPLEMENTED", kServerError, kNothing},
      {13, "INTERNAL", kServerError, kNothing},
      {14, "UNAVAILABLE", kGatewayError, kLocalError},
      {15, "DATA_LOSS", kServerError, kNothing},
      {16, "UNAUTHENTICATED", kSuccess, kNothing},
      {17, "a code that does not exist", kSuccess, kNothing},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(JudgeAttempt(c.code, true, false), c.delivered) << c.name;
    EXPECT_EQ(JudgeAttempt(c.code, false, false), c.undelivered) << c.name;
    // gRFC A50: what would be mild is a failure, and nothing else changes.
    const bool is_mild = c.delivered == kNothing || c.delivered == kSuccess;
    EXPECT_EQ(JudgeAttempt(c.code, true, true), is_mild && c.code != 0 ? kServerError : c.delivered)
        << c.name;
    EXPECT_EQ(JudgeAttempt(c.code, false, true), c.undelivered) << c.name;
  }
}

model::OutlierDetection Config(uint32_t consecutive_5xx, uint32_t gateway, uint32_t local_origin,
                               bool split) {
  model::OutlierDetection config;
  config.consecutive_5xx.threshold = consecutive_5xx;
  config.consecutive_gateway_failure.threshold = gateway;
  config.consecutive_local_origin_failure.threshold = local_origin;
  config.split_local_origin = split;
  return config;
}

// Records one attempt for each letter (s: success, e: server error, g: gateway error, l: local
// error, n: nothing) and writes after each which thresholds it reached: `5`, `G`, `L`.
std::string Story(const std::string& attempts, const OutlierRules& rules,
                  OutlierCounters* counters) {
  std::string told;
  for (char attempt : attempts) {
    const AttemptVerdict verdict = attempt == 's'   ? kSuccess
                                   : attempt == 'e' ? kServerError
                                   : attempt == 'g' ? kGatewayError
                                   : attempt == 'l' ? kLocalError
                                                    : kNothing;
    const Crossings crossings = counters->Record(verdict, rules);
    told += attempt;
    if (crossings.contains(k5xx)) told += '5';
    if (crossings.contains(kGateway)) told += 'G';
    if (crossings.contains(kLocalOrigin)) told += 'L';
    EXPECT_EQ(crossings.empty(), told.back() == attempt);
  }
  return told;
}

TEST(OutlierCountersTest, FailuresInARow) {
  const struct {
    const char* what;
    model::OutlierDetection config;
    const char* told;  // what Story() gives for its small letters
  } cases[] = {
      {"OD-06: the fifth, at once", Config(5, 0, 0, false), "eeeee5e"},
      {"told once, however many follow", Config(2, 0, 0, false), "ee5eeeeee"},
      {"a success begins anew", Config(3, 0, 0, false), "eeseee5eseese"},
      {"an error of the caller's making does not", Config(3, 0, 0, false), "eene5ne"},
      {"the first", Config(1, 0, 0, false), "e5eese5"},
      {"off", Config(0, 0, 0, false), "eeegggl"},
      {"gateway errors are errors too", Config(3, 2, 0, false), "geg5gG"},
      {"an error that is not a gateway's begins those anew", Config(0, 2, 0, false), "geggG"},
      {"both at once", Config(2, 2, 0, false), "gg5G"},
      {"local errors are gateway errors", Config(4, 3, 0, false), "lglGl5"},
      {"local errors count apart", Config(2, 2, 3, true), "lllLl"},
      {"local errors do not begin the others anew", Config(2, 2, 3, true), "glg5G"},
      {"any answer begins local errors anew", Config(9, 9, 2, true), "lelgllL"},
      {"local errors count apart only if told to", Config(9, 9, 1, false), "lll"},
      {"local errors, off", Config(1, 1, 0, true), "llll"},
  };
  for (const auto& c : cases) {
    OutlierRules rules;
    rules.Update(c.config);
    OutlierCounters counters;
    std::string attempts;
    for (const char* letter = c.told; *letter != 0; ++letter) {
      if (*letter >= 'a' && *letter <= 'z') attempts += *letter;
    }
    EXPECT_EQ(Story(attempts, rules, &counters), c.told) << c.what;
  }
}

TEST(OutlierCountersTest, VolumesCountWhatWasAnswered) {
  OutlierRules rules;
  OutlierCounters counters;
  const auto volume = [&](bool local_origin) {
    const OutlierCounters::Volume taken = counters.TakeVolume(local_origin);
    return std::vector<uint32_t>{taken.success, taken.total};
  };
  using Pair = std::vector<uint32_t>;

  rules.Update(Config(5, 5, 5, false));
  Story("sssneegl", rules, &counters);
  EXPECT_EQ(volume(false), (Pair{3, 7}));
  EXPECT_EQ(volume(true), (Pair{0, 0}));
  EXPECT_EQ(volume(false), (Pair{0, 0}));  // it was taken

  // Apart: what was not reached says nothing of the answers, and every answer is a success there.
  rules.Update(Config(5, 5, 5, true));
  Story("sssneegll", rules, &counters);
  EXPECT_EQ(volume(false), (Pair{3, 6}));
  EXPECT_EQ(volume(true), (Pair{6, 8}));

  rules.Update(std::nullopt);
  Story("sel", rules, &counters);
  EXPECT_EQ(volume(false), (Pair{0, 0}));
  EXPECT_EQ(volume(true), (Pair{0, 0}));
}

TEST(OutlierCountersTest, AStatusIsJudgedByTheRules) {
  constexpr int kNotFound = 5;
  model::OutlierDetection config = Config(2, 0, 0, false);
  OutlierRules rules;
  OutlierCounters counters;
  rules.Update(config);
  EXPECT_TRUE(counters.Record(kNotFound, true, rules).empty());
  EXPECT_TRUE(counters.Record(kNotFound, true, rules).empty());
  EXPECT_EQ(counters.TakeVolume(false).success, 2u);
  config.every_error_fails = true;
  EXPECT_TRUE(rules.Update(config));
  EXPECT_TRUE(counters.Record(kNotFound, true, rules).empty());
  EXPECT_TRUE(counters.Record(kNotFound, true, rules).contains(k5xx));
  EXPECT_TRUE(counters.Record(kNotFound, false, rules).empty());
  EXPECT_EQ(counters.TakeVolume(false).total, 2u);
}

TEST(OutlierCountersTest, ACountThatWasSetBackIsToldAgain) {
  OutlierRules rules;
  rules.Update(Config(2, 3, 0, false));
  OutlierCounters counters;
  EXPECT_EQ(Story("gg", rules, &counters), "gg5");
  counters.ResetConsecutive(k5xx);
  EXPECT_EQ(Story("gg", rules, &counters), "gGg5");
  counters.ResetAllConsecutive();
  EXPECT_EQ(Story("ggg", rules, &counters), "gg5gG");
}

TEST(OutlierRulesTest, TellWhetherTheyChanged) {
  OutlierRules rules;
  EXPECT_FALSE(rules.Update(std::nullopt));
  EXPECT_TRUE(rules.Update(Config(5, 5, 5, false)));
  EXPECT_FALSE(rules.Update(Config(5, 5, 5, false)));
  EXPECT_FALSE(rules.Update(Config(5, 5, 6, false)));  // which does not count
  EXPECT_TRUE(rules.Update(Config(5, 5, 6, true)));
  EXPECT_TRUE(rules.Update(Config(5, 5, 7, true)));
  EXPECT_TRUE(rules.Update(Config(5, 4, 7, true)));
  EXPECT_TRUE(rules.Update(Config(4, 4, 7, true)));
  EXPECT_TRUE(rules.Update(std::nullopt));
  EXPECT_FALSE(rules.Update(std::nullopt));
}

TEST(EjectionCauseTest, NamesDiffer) {
  std::vector<std::string> names;
  for (size_t i = 0; i < kEjectionCauses; ++i) {
    const std::string name(NameOf(static_cast<EjectionCause>(i)));
    EXPECT_FALSE(name.empty());
    for (const std::string& other : names) EXPECT_NE(name, other);
    names.push_back(name);
  }
  EXPECT_EQ(names[0], "consecutive_5xx");
}

// OD-13: however the threads of an endpoint's failures interleave, one of them is told.
TEST(OutlierCountersTest, OfManyThreadsOneIsTold) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  OutlierRules rules;
  rules.Update(Config(kThreads, kThreads, 0, false));
  OutlierCounters counters;
  std::atomic<int> told{0}, arrived{0};
  std::vector<std::thread> threads;
  std::vector<int> told_in_round(kRounds, 0);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < kRounds; ++round) {
        // Two each: the threshold is passed in every round.
        for (int i = 0; i < 2; ++i) {
          if (counters.Record(kGatewayError, rules).contains(k5xx)) told.fetch_add(1);
        }
        arrived.fetch_add(1);
        if (t == 0) {
          while (arrived.load() < (2 * round + 1) * kThreads) std::this_thread::yield();
          told_in_round[round] = told.exchange(0);
          counters.ResetAllConsecutive();
          arrived.fetch_add(kThreads);
        } else {
          while (arrived.load() < (2 * round + 2) * kThreads) std::this_thread::yield();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(told_in_round, std::vector<int>(kRounds, 1));
}

TEST(OutlierCountersTest, NoAttemptIsLostBetweenIntervals) {
  constexpr int kThreads = 3;
  constexpr int kAttempts = 20000;
  OutlierRules rules;
  rules.Update(Config(5, 5, 5, false));
  OutlierCounters counters;
  std::atomic<int> left{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kAttempts; ++i)
        counters.Record(i % 4 == 0 ? kServerError : kSuccess, rules);
      left.fetch_sub(1);
    });
  }
  uint64_t success = 0, total = 0;
  bool more = true;
  while (more) {
    more = left.load() > 0;
    const OutlierCounters::Volume volume = counters.TakeVolume(false);
    EXPECT_LE(volume.success, volume.total);
    success += volume.success;
    total += volume.total;
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(total, uint64_t{kThreads} * kAttempts);
  EXPECT_EQ(success, uint64_t{kThreads} * kAttempts / 4 * 3);
}

}  // namespace
}  // namespace mesh::cluster
