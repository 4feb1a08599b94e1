// The project's own vectors: rows of the reference implementations' tests, and rows that an
// independent implementation has computed.

#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vectors/family.h"
#include "tests/vectors/runner.h"

namespace mesh::vectors {
namespace {

using ::testing::HasSubstr;

TEST(DataTest, EveryRowOfEveryFamilyAgrees) {
  std::ostringstream out;
  Runner runner(&out);
  runner.RunFolder("tests/vectors/data");
  EXPECT_EQ(runner.failed(), 0) << out.str();
  for (const std::vector<Family>& families : {LoadFamilies(), HashFamilies()}) {
    for (const Family& family : families) EXPECT_THAT(out.str(), HasSubstr(family.name + " "));
  }
}

}  // namespace
}  // namespace mesh::vectors
