#ifndef TESTS_TESTING_SHORT_TEMP_DIR_H_
#define TESTS_TESTING_SHORT_TEMP_DIR_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace mesh::testing {

// A new folder whose path is short enough for a Unix socket in it (at most 107 characters), which
// that of gtest's TempDir() need not be. Removed when destroyed. Thread-compatible.
class ShortTempDir {
 public:
  ShortTempDir() {
    char path[] = "/tmp/mesh-XXXXXX";
    if (mkdtemp(path) != nullptr) path_ = path;
  }
  ~ShortTempDir() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ShortTempDir(const ShortTempDir&) = delete;
  ShortTempDir& operator=(const ShortTempDir&) = delete;

  // Empty if it could not be made.
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_SHORT_TEMP_DIR_H_
