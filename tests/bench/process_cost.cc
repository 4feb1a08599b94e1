#include "tests/bench/process_cost.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "mesh/base/hash128.h"
#include "mesh/xds/wire_format.h"
#include "tests/testing/xds_resources.h"

namespace mesh::bench {
namespace {

// Field numbers of ClusterLoadAssignment and LocalityLbEndpoints.
constexpr uint32_t kEndpoints = 2;
constexpr uint32_t kLbEndpoints = 2;

uint64_t HashEndpoints(absl::string_view assignment, std::vector<Hash128>* hashes) {
  size_t next = 0;
  uint64_t differences = 0;
  xds::WireReader localities(assignment);
  while (localities.Next()) {
    if (!localities.is_bytes(kEndpoints)) continue;
    xds::WireReader endpoints(localities.bytes());
    while (endpoints.Next()) {
      if (!endpoints.is_bytes(kLbEndpoints)) continue;
      const Hash128 hash = HashBytes(endpoints.bytes());
      if (next == hashes->size()) hashes->emplace_back();
      if (hash != (*hashes)[next]) ++differences;
      (*hashes)[next++] = hash;
    }
  }
  return differences;
}

}  // namespace

int64_t ResidentBytes() {
  int64_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

int64_t ProcessorTime() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto nanoseconds = [](const timeval& time) {
    return int64_t{time.tv_sec} * 1000000000 + int64_t{time.tv_usec} * 1000;
  };
  return nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
}

int64_t AllocatedBytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<int64_t>(info.uordblks + info.hblkhd);
}

int64_t HashPassTime(int endpoints) {
  testing::ServiceResources::Locality locality;
  for (int i = 1; i <= endpoints; ++i) {
    locality.addresses.push_back(
        absl::StrCat("127.", 1 + (i >> 16), ".", i >> 8 & 255, ".", i & 255, ":50051"));
  }
  const std::string bytes = testing::ServiceResources::AssignmentBytes("bench-0", {locality});
  std::vector<Hash128> hashes;
  uint64_t differences = HashEndpoints(bytes, &hashes);
  int64_t best = std::numeric_limits<int64_t>::max();
  for (int i = 0; i < 9; ++i) {
    // So many passes that the clock's microseconds do not matter.
    const int passes = 2000000 / endpoints + 1;
    const int64_t before = ProcessorTime();
    for (int pass = 0; pass < passes; ++pass) differences += HashEndpoints(bytes, &hashes);
    best = std::min(best, (ProcessorTime() - before) / passes);
  }
  return differences == hashes.size() ? best : -1;
}

}  // namespace mesh::bench
