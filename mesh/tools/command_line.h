#ifndef MESH_TOOLS_COMMAND_LINE_H_
#define MESH_TOOLS_COMMAND_LINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/model/profile.h"

namespace mesh::tools {

// What `meshctl` was asked to do. A value.
struct CommandLine {
  enum class Command { kHelp, kCall, kWatch, kExplain };

  Command command = Command::kHelp;
  std::string target;
  std::string bootstrap_path;  // empty: what the environment says
  std::string local_cluster;   // see Options::local_cluster
  Profile profile = Profile::kMesh;
  bool json = false;

  // kCall, kExplain
  std::string method;  // `/package.Service/Method`
  std::vector<std::pair<std::string, std::string>> metadata;

  // kCall
  std::string data;  // the request's bytes
  uint64_t count = 1;
  uint32_t concurrency = 1;  // calls in flight at a time, unless `qps` is set
  double qps = 0;            // above 0: an open load of that rate
  absl::Duration deadline = absl::Seconds(10);
  bool wait_for_ready = false;
  std::optional<uint64_t> hash;  // of every call

  // kWatch
  absl::Duration watch_for = absl::InfiniteDuration();

  // kExplain
  absl::Duration explain_wait = absl::Seconds(20);
};

// Reads the arguments after the program's name. Errors name the argument and the cause.
absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments);

// What `meshctl help` prints.
absl::string_view Usage();

}  // namespace mesh::tools

#endif  // MESH_TOOLS_COMMAND_LINE_H_
