// What the runner says of rows that are right, wrong, or no rows at all.

#include "tests/vectors/runner.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mesh::vectors {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kPicks[] = R"([{"id": "A", "input": {"weights": [1, 2], "picks": 3},
                               "expected": {"sequence": [1, 0, 1]}}])";

struct Case {
  std::string what;
  std::string family;
  std::string text;
  std::string line;  // how the output begins, or all of it
};

std::string Output(const std::string& family, const std::string& text, int* failed = nullptr) {
  std::ostringstream out;
  Runner runner(&out);
  runner.RunText(family, text);
  if (failed != nullptr) *failed = runner.failed();
  return out.str();
}

// The good row with one part of it replaced.
std::string With(const std::string& part, const std::string& other) {
  const std::string text = absl::StrReplaceAll(kPicks, {{part, other}});
  EXPECT_NE(text, kPicks) << part;
  return text;
}

TEST(RunnerTest, SaysOkOfRowsThatAgree) {
  int failed = 0;
  EXPECT_EQ(Output("weighted_pick", kPicks, &failed), "weighted_pick A ok\n");
  EXPECT_EQ(failed, 0);
}

TEST(RunnerTest, NamesWhatIsWrong) {
  const std::string row = "weighted_pick A FAIL row: ";
  const std::vector<Case> cases = {
      {"another pick", "weighted_pick", With("[1, 0, 1]", "[1, 0, 0]"),
       "weighted_pick A FAIL expected 0 got 1 at sequence[2]\n"},
      {"too few", "weighted_pick", With("[1, 0, 1]", "[1, 0]"),
       "weighted_pick A FAIL expected [1,0] got [1,0,1] at sequence\n"},
      {"another type", "weighted_pick", With("[1, 0, 1]", "[1, \"0\", 1]"),
       "weighted_pick A FAIL expected \"0\" got 0 at sequence[1]\n"},
      {"what nothing computes", "weighted_pick", With("\"sequence\"", "\"sum\": 3, \"sequence\""),
       "weighted_pick A FAIL expected 3 got nothing at sum\n"},
      {"nothing expected", "weighted_pick", With("\"sequence\": [1, 0, 1]", ""),
       row + "expected.sequence: not there\n"},
      {"expected is a number", "weighted_pick", With("{\"sequence\": [1, 0, 1]}", "3"),
       row + "expected: not an object\n"},
      {"no input", "weighted_pick", With("\"input\"", "\"output\""), row + "input: not there\n"},
      {"a key too few", "weighted_pick", With(", \"picks\": 3", ""),
       row + "input.picks: not there\n"},
      {"a key too many", "weighted_pick", With("\"picks\"", "\"seed\": 1, \"picks\""),
       row + "input.seed: unknown\n"},
      {"no number", "weighted_pick", With("[1, 2]", "[1, \"two\"]"),
       row + "input.weights[1]: not a whole number of 64 bits\n"},
      {"a number below 0", "weighted_pick", With("[1, 2]", "[1, -2]"),
       row + "input.weights[1]: not a whole number\n"},
      {"a part of a number", "weighted_pick", With("[1, 2]", "[1, 2.5]"),
       row + "input.weights[1]: not a whole number\n"},
      {"a number that is not exact", "weighted_pick", With("[1, 2]", "[1, 18446744073709551615]"),
       row + "input.weights[1]: above 2^53, which takes a string\n"},
      {"null", "weighted_pick", With("[1, 2]", "[null, 2]"),
       row + "input.weights[0]: not a number\n"},
      {"no list", "weighted_pick", With("[1, 2]", "{}"), row + "input.weights: not a list\n"},
      {"more picks than anybody lists", "weighted_pick", With(": 3", ": 1000000000000"),
       row + "input.picks: above 1000000\n"},
      {"all errors at once", "weighted_pick", With("[1, 2], \"picks\": 3", "[true], \"picks\": []"),
       row + "input.weights[0]: not a number; input.picks: not a number\n"},
      {"no id", "weighted_pick", With("\"id\": \"A\"", "\"ID\": \"A\""),
       "weighted_pick [0] FAIL row: id: not there, or no text\n"},
      {"an id of two lines", "weighted_pick", With("\"A\"", "\"A\\nB\""),
       "weighted_pick A\\nB ok\n"},
      {"no row", "weighted_pick", "[7]", "weighted_pick [0] FAIL row: not an object\n"},
      {"no rows", "weighted_pick", "[]", "weighted_pick - FAIL no row\n"},
      {"no list of rows", "weighted_pick", "{}", "weighted_pick - FAIL not a list of rows\n"},
      {"more than a list", "weighted_pick", "[], \"x\": 1",
       "weighted_pick - FAIL not a list of rows\n"},
      {"no JSON", "weighted_pick", "[{]", "weighted_pick - FAIL line 1"},
      {"nothing", "weighted_pick", "", "weighted_pick - FAIL "},
      {"an unknown family", "weighted_pick_2", kPicks, "weighted_pick_2 - FAIL unknown family\n"},
      {"a table that is not prime", "maglev_table",
       R"([{"id": "M", "input": {"hosts": [], "table_size": 8}, "expected": {"slots": []}}])",
       "maglev_table M FAIL row: input.table_size: not a prime up to 5000011\n"},
      {"a ring of nonsense", "ring_table",
       R"([{"id": "R", "input": {"hosts": [{"key": "a", "weight": 4294967296}, 7],
            "minimum_ring_size": 9, "maximum_ring_size": 8}, "expected": {"entries": []}}])",
       "ring_table R FAIL row: input.hosts[0].weight: above 4294967295; input.hosts[1]: not an "
       "object; input.minimum_ring_size: above the maximum\n"},
      {"a ring that nobody writes down", "ring_table",
       R"([{"id": "R", "input": {"hosts": [{"key": "a", "weight": 1}], "minimum_ring_size": 1000001,
            "maximum_ring_size": 8388608}, "expected": {"entries": []}}])",
       "ring_table R FAIL row: input: a ring of 1000001 entries\n"},
      {"more healthy hosts than hosts", "priority_load",
       R"([{"id": "P", "input": {"priorities": [{"hosts": 1, "healthy": 2, "degraded": 0,
            "excluded": 0}], "overprovisioning": 140, "panic_threshold": 50},
            "expected": {"healthy_load": [100], "degraded_load": [0]}}])",
       "priority_load P FAIL row: input.priorities[0].healthy: above 1\n"},
      {"weights of other priorities", "priority_load",
       R"([{"id": "P", "input": {"priorities": [], "overprovisioning": 140, "panic_threshold": 50,
            "weights": [{"total": 1, "healthy": 1, "degraded": 0}]},
            "expected": {"healthy_load": [], "degraded_load": []}}])",
       "priority_load P FAIL row: input.weights: of 1 priorities, not of 0\n"},
  };
  for (const Case& c : cases) {
    int failed = 0;
    EXPECT_THAT(Output(c.family, c.text, &failed), StartsWith(c.line)) << c.what;
    EXPECT_EQ(failed, c.what == "an id of two lines" ? 0 : 1) << c.what;
  }
}

TEST(RunnerTest, ComparesRatesWithinAMillionth) {
  const auto row = [](const std::string& threshold) {
    return absl::StrCat(R"([{"id": "S", "input": {"rates": [50, 100, 100, 100, 100],
                        "stdev_factor": 1.9}, "expected": {"mean": 90, "threshold": )",
                        threshold, "}}]");
  };
  EXPECT_EQ(Output("success_rate", row("52.0000009")), "success_rate S ok\n");
  EXPECT_THAT(Output("success_rate", row("52.0000011")), HasSubstr(" at threshold\n"));
  EXPECT_THAT(Output("success_rate", row("\"52\"")), HasSubstr(" at threshold\n"));
}

TEST(RunnerTest, GoesOnAfterAFailure) {
  const std::string bad = With("\"A\"", "\"B\"").substr(1);
  const std::string text =
      absl::StrCat(std::string(kPicks).substr(0, sizeof(kPicks) - 2), ", 7, ", bad);
  EXPECT_EQ(Output("weighted_pick", text),
            "weighted_pick A ok\nweighted_pick [1] FAIL row: not an object\nweighted_pick B ok\n");
}

class FolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = absl::StrCat(::testing::TempDir(), "/vectors_", test->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(absl::StrCat(folder_, "/", name)) << text;
  }

  std::string folder_;
  std::ostringstream out_;
  Runner runner_{&out_};
};

TEST_F(FolderTest, RunsEveryFileByName) {
  Write("weighted_pick.json", kPicks);
  Write("stranger.json", "[]");
  Write("README.md", "no vectors");
  runner_.RunFolder(folder_);
  EXPECT_EQ(out_.str(), "stranger - FAIL unknown family\nweighted_pick A ok\n");
  EXPECT_EQ(runner_.passed(), 1);
  EXPECT_EQ(runner_.failed(), 1);
}

TEST_F(FolderTest, WithoutFilesIsAFailure) {
  Write("README.md", "no vectors");
  runner_.RunFolder(folder_);
  EXPECT_THAT(out_.str(), HasSubstr(" FAIL no .json file there\n"));
  runner_.RunFolder(folder_ + "/nowhere");
  EXPECT_THAT(out_.str(), HasSubstr("nowhere FAIL No such file or directory\n"));
  EXPECT_EQ(runner_.failed(), 2);
}

TEST_F(FolderTest, AFileThatCannotBeReadIsAFailure) {
  std::filesystem::create_directories(folder_ + "/ring_pick.json");
  runner_.RunFolder(folder_);
  EXPECT_THAT(out_.str(), StartsWith("ring_pick - FAIL "));
}

}  // namespace
}  // namespace mesh::vectors
