#include "mesh/base/field_errors.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace mesh {
namespace {

using Errors = std::vector<std::string>;

TEST(FieldErrorsTest, NoneIsOk) {
  const FieldErrors errors;
  EXPECT_TRUE(errors.ok());
  EXPECT_EQ(errors.size(), 0u);
  EXPECT_TRUE(errors.ToStatus(absl::StatusCode::kInvalidArgument, "cluster").ok());
}

TEST(FieldErrorsTest, PathsFollowTheScopes) {
  FieldErrors errors;
  errors.Add("not an object");
  {
    const FieldErrors::Scope endpoints(&errors, "endpoints", 2);
    EXPECT_EQ(errors.path(), "endpoints[2]");
    errors.Add("no locality");
    {
      const FieldErrors::Scope lb_endpoints(&errors, "lb_endpoints");
      const FieldErrors::Scope index(&errors, "[0]");
      errors.Add("address", "port 70000 is out of range");
      EXPECT_EQ(errors.path(), "endpoints[2].lb_endpoints[0]");
    }
    errors.Add("[\"key\"]", "no value");
    EXPECT_EQ(errors.path(), "endpoints[2]");
  }
  EXPECT_EQ(errors.path(), "");
  errors.Add("policy", "unknown");
  EXPECT_FALSE(errors.ok());
  EXPECT_EQ(errors.errors(),
            Errors({"not an object", "endpoints[2]: no locality",
                    "endpoints[2].lb_endpoints[0].address: port 70000 is out of range",
                    "endpoints[2][\"key\"]: no value", "policy: unknown"}));
}

TEST(FieldErrorsTest, TheStatusNamesAllErrors) {
  FieldErrors errors;
  errors.Add("a", "missing");
  errors.Add("b", "out of range");
  const absl::Status status = errors.ToStatus(absl::StatusCode::kInvalidArgument, "cluster \"x\"");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "cluster \"x\": a: missing; b: out of range");
  EXPECT_EQ(errors.ToStatus(absl::StatusCode::kNotFound, "").message(),
            "a: missing; b: out of range");
}

TEST(FieldErrorsTest, TheStatusCountsThoseAfterTheTwentieth) {
  FieldErrors errors;
  for (int i = 0; i < 20; ++i) errors.Add(absl::StrCat("e", i));
  std::string text(errors.ToStatus(absl::StatusCode::kInternal, "r").message());
  EXPECT_EQ(text.substr(text.size() - 5), "; e19");
  errors.Add("e20");
  errors.Add("e21");
  text = std::string(errors.ToStatus(absl::StatusCode::kInternal, "r").message());
  EXPECT_EQ(text.substr(text.size() - 17), "; e19; and 2 more");
}

TEST(FieldErrorsTest, KeepsLittleOfVeryMany) {
  FieldErrors errors;
  for (size_t i = 0; i < FieldErrors::kMost - 1; ++i) errors.Add("x");
  EXPECT_FALSE(errors.too_many());
  errors.Add("y");
  EXPECT_TRUE(errors.too_many());
  errors.Add("z");
  EXPECT_EQ(errors.errors().back(), "y");
  EXPECT_EQ(errors.size(), FieldErrors::kMost + 1);
  FieldErrors merged;
  merged.Add("first");
  merged.Merge(errors);
  EXPECT_EQ(merged.errors().size(), FieldErrors::kMost);
  EXPECT_EQ(merged.size(), FieldErrors::kMost + 2);
  const std::string text(merged.ToStatus(absl::StatusCode::kInternal, "r").message());
  EXPECT_EQ(text.substr(text.rfind(';')), "; and at least 82 more");
}

TEST(FieldErrorsTest, CutsLongPathsAndCauses) {
  FieldErrors errors;
  const FieldErrors::Scope scope(&errors, std::string(1'000'000, 'p'));
  errors.Add(std::string(1'000'000, 'c'));
  EXPECT_LE(errors.errors()[0].size(), FieldErrors::kMostText);
  EXPECT_EQ(errors.errors()[0].substr(996, 6), "pp: cc");
}

}  // namespace
}  // namespace mesh
