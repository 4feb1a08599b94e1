#include "mesh/base/backoff.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_random.h"

namespace mesh {
namespace {

constexpr double kNearlyOne = 1 - 0x1.0p-53;

// The bases of gRPC's connection-backoff.md: 1 s, then 1.6 times the one before, at most 120 s.
constexpr double kBases[] = {1,           1.6,       2.56,       4.096,       6.5536,
                             10.48576,    16.777216, 26.8435456, 42.94967296, 68.719476736,
                             109.9511628, 120,       120,        120};

struct Case {
  const char* name;
  double random;
  double share;
};

TEST(BackoffTest, EachDelayIsWithinAFifthOfItsBase) {
  const Case cases[] = {
      {"least", 0, 0.8}, {"low", 0.25, 0.9}, {"middle", 0.5, 1}, {"most", kNearlyOne, 1.2}};
  for (const Case& c : cases) {
    testing::FakeRandom random({c.random});
    Backoff backoff(Backoff::Options(), &random);
    for (double base : kBases) {
      EXPECT_NEAR(absl::ToDoubleSeconds(backoff.Next()), base * c.share, 1e-6) << c.name;
    }
  }
}

TEST(BackoffTest, JitterDoesNotAddUp) {
  testing::FakeRandom random({0, kNearlyOne, 0.5});
  Backoff backoff(Backoff::Options(), &random);
  EXPECT_NEAR(absl::ToDoubleSeconds(backoff.Next()), 1 * 0.8, 1e-6);
  EXPECT_NEAR(absl::ToDoubleSeconds(backoff.Next()), 1.6 * 1.2, 1e-6);
  EXPECT_NEAR(absl::ToDoubleSeconds(backoff.Next()), 2.56, 1e-6);
}

TEST(BackoffTest, ResetStartsAnew) {
  testing::FakeRandom random({0.5});
  Backoff backoff(Backoff::Options(), &random);
  for (int i = 0; i < 5; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), absl::Seconds(1));
  EXPECT_EQ(backoff.Next(), absl::Seconds(1.6));
}

TEST(BackoffTest, OptionsAreHonoured) {
  testing::FakeRandom random({0});
  Backoff::Options options;
  options.initial = absl::Milliseconds(25);
  options.multiplier = 2;
  options.max = absl::Milliseconds(80);
  options.jitter = 0;
  Backoff backoff(options, &random);
  for (int milliseconds : {25, 50, 80, 80}) {
    EXPECT_EQ(backoff.Next(), absl::Milliseconds(milliseconds));
  }
  options.max = absl::Milliseconds(10);  // less than the first one
  Backoff capped(options, &random);
  EXPECT_EQ(capped.Next(), absl::Milliseconds(10));
  capped.Reset();
  EXPECT_EQ(capped.Next(), absl::Milliseconds(10));
}

}  // namespace
}  // namespace mesh
