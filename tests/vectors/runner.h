#ifndef TESTS_VECTORS_RUNNER_H_
#define TESTS_VECTORS_RUNNER_H_

#include <iosfwd>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/struct.pb.h"
#include "tests/vectors/family.h"

namespace mesh::vectors {

// Holds rows of inputs and expected results (docs/vectors.md) to what the library makes of them, a
// line each: `FAMILY ID ok`, or `FAMILY ID FAIL` and why. Thread-compatible.
class Runner {
 public:
  // `out` must outlive the runner.
  explicit Runner(std::ostream* out);

  // The rows of one file; what is no family, no list, no row or no input is a failure that says so.
  void RunText(const std::string& family, absl::string_view text);
  // Every FAMILY.json of a folder, by name. A folder without any is a failure.
  void RunFolder(const std::string& folder);

  int passed() const { return passed_; }
  int failed() const { return failed_; }

 private:
  void RunRow(const Family& family, const google::protobuf::Value& value, int index);
  void Pass(const std::string& family, const std::string& id);
  void Fail(const std::string& family, const std::string& id, const std::string& why);

  std::ostream* const out_;
  std::map<std::string, Family> families_;
  int passed_ = 0;
  int failed_ = 0;
};

}  // namespace mesh::vectors

#endif  // TESTS_VECTORS_RUNNER_H_
