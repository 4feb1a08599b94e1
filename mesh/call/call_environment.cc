#include "mesh/call/call_environment.h"

#include <thread>
#include <utility>

namespace mesh::call {

std::shared_ptr<CallEnvironment> CallEnvironment::Create(Options options) {
  return std::shared_ptr<CallEnvironment>(new CallEnvironment(std::move(options)));
}

CallEnvironment::CallEnvironment(Options options) : options_(std::move(options)) {}

CallEnvironment::~CallEnvironment() = default;

void CallEnvironment::Close() {
  {
    // What was in flight was cancelled, so it comes back soon.
    MutexLock lock(&mutex_);
    attempts_allowed_ = false;
    while (attempts_ > 0) quiet_.Wait(&mutex_);
  }
  // Every channel has published its end. Calls that had begun before hold a reader until they use
  // the mesh no more.
  options_.serializer->RunAndWait([&] { options_.epochs->Retire([] {}); });
  for (size_t readers = 1; readers > 0;) {
    readers = 0;
    options_.serializer->RunAndWait([&] { readers = options_.epochs->Reclaim(); });
    if (readers > 0) std::this_thread::yield();
  }
  MutexLock lock(&mutex_);
  closed_ = true;
}

bool CallEnvironment::Post(Task task) {
  MutexLock lock(&mutex_);
  if (closed_) return false;
  options_.serializer->Post(std::move(task));
  return true;
}

bool CallEnvironment::EnterAttempt() {
  MutexLock lock(&mutex_);
  if (!attempts_allowed_) return false;
  ++attempts_;
  return true;
}

void CallEnvironment::ExitAttempt() {
  MutexLock lock(&mutex_);
  if (--attempts_ == 0) quiet_.SignalAll();
}

}  // namespace mesh::call
