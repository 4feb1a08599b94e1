#include "tests/faults/process_state.h"

#include <malloc.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace mesh {
namespace {

int64_t CountEntries(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return std::distance(begin(entries), end(entries));
}

int64_t CountThreads() {
  int64_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm") >> std::ws, name);
    const bool pooled = absl::StartsWith(name, "grpc_") || absl::StartsWith(name, "grpcpp_") ||
                        absl::StartsWith(name, "default-exec") ||
                        absl::StartsWith(name, "resolver-exec") ||
                        absl::StartsWith(name, "event_engine") || absl::StartsWith(name, "timer_");
    if (!pooled) ++count;
  }
  return count;
}

int64_t ResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    int64_t kilobytes = 0;
    if (word == "VmRSS:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

}  // namespace

absl::Duration ProcessorTime() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

ProcessState ProcessState::Now() {
  malloc_trim(0);  // what is free but not given back yet is no growth
  ProcessState state;
  state.threads = CountThreads();
  state.descriptors = CountEntries("/proc/self/fd");
  state.resident_bytes = ResidentBytes();
  state.cpu = ProcessorTime();
  return state;
}

std::ostream& operator<<(std::ostream& out, const ProcessState& state) {
  return out << state.threads << " threads, " << state.descriptors << " descriptors, "
             << (state.resident_bytes >> 20) << " MiB, " << absl::FormatDuration(state.cpu)
             << " of CPU";
}

int ConnectionsTo(const std::string& address) {
  int port = 0;
  if (!absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port)) return -1;
  const std::string remote_and_state = absl::StrFormat("0100007F:%04X 01 ", port);
  int count = 0;
  // gRPC's sockets are IPv6 ones, of mapped addresses.
  for (const char* const path : {"/proc/self/net/tcp", "/proc/self/net/tcp6"}) {
    std::ifstream table(path);
    for (std::string line; std::getline(table, line);) {
      if (absl::StrContains(line, remote_and_state)) ++count;
    }
  }
  return count;
}

}  // namespace mesh
