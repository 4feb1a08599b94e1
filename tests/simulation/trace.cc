#include "tests/simulation/trace.h"

#include "absl/strings/str_format.h"

namespace mesh::simulation {

void Trace::Add(absl::string_view event) {
  constexpr uint64_t kPrime = 0x100000001b3;
  const int64_t now = absl::ToInt64Microseconds(this->now());
  for (const char c : event) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * kPrime;
  hash_ = (hash_ ^ static_cast<uint64_t>(now)) * kPrime;
  if (!keep_) return;
  lines_.push_back(absl::StrFormat("%11.6f  %s", static_cast<double>(now) / 1e6, event));
}

}  // namespace mesh::simulation
