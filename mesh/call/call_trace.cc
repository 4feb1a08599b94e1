#include "mesh/call/call_trace.h"

#include "mesh/call/call_trace_log.h"

namespace mesh {
namespace {

thread_local CallTrace* innermost = nullptr;

}  // namespace

CallTrace::CallTrace() : log_(std::make_shared<Log>()) {}

CallTrace::~CallTrace() = default;

std::vector<CallTrace::Attempt> CallTrace::attempts() const { return log_->attempts(); }

CallTrace::Scope::Scope(CallTrace* trace) : outer_(innermost) { innermost = trace; }

CallTrace::Scope::~Scope() { innermost = outer_; }

std::shared_ptr<CallTrace::Log> CallTrace::Current() {
  return innermost != nullptr ? innermost->log_ : nullptr;
}

}  // namespace mesh
