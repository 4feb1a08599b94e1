#include "mesh/call/call_hash.h"

namespace mesh {
namespace {

thread_local const CallHash* innermost = nullptr;

}  // namespace

CallHash::CallHash(uint64_t hash) : hash_(hash), outer_(innermost) { innermost = this; }

CallHash::~CallHash() { innermost = outer_; }

std::optional<uint64_t> CallHash::Current() {
  if (innermost == nullptr) return std::nullopt;
  return innermost->hash_;
}

}  // namespace mesh
