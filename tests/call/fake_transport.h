#ifndef TESTS_CALL_FAKE_TRANSPORT_H_
#define TESTS_CALL_FAKE_TRANSPORT_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "mesh/base/mutex.h"
#include "mesh/call/exchange.h"

namespace mesh::call::testing {

// A transport without a network: the test sees each attempt and says how it ends. Copies share
// the attempts, so that a test keeps one and gives one away. Thread-safe.
class FakeTransport final : public Transport {
 public:
  FakeTransport() : state_(std::make_shared<State>()) {}

  std::shared_ptr<Exchange> Start(ExchangeRequest request, wire::Connection& connection,
                                  OnDone on_done) override {
    MutexLock lock(&state_->mutex);
    if (state_->gone) return nullptr;
    state_->attempts.push_back(
        std::make_shared<Attempt>(std::move(request), &connection, std::move(on_done)));
    state_->began.SignalAll();
    return state_->attempts.back();
  }

  std::unique_ptr<FakeTransport> Share() const { return std::make_unique<FakeTransport>(*this); }

  // Whether attempt `index`, from 0, has begun; waits for it for some seconds.
  bool WaitFor(size_t index) const {
    MutexLock lock(&state_->mutex);
    for (int i = 0; i < 500 && state_->attempts.size() <= index; ++i) {
      state_->began.WaitFor(&state_->mutex, absl::Milliseconds(10));
    }
    return state_->attempts.size() > index;
  }
  size_t size() const {
    MutexLock lock(&state_->mutex);
    return state_->attempts.size();
  }
  // REQUIRES of the rest: attempt `index` has begun.
  const ExchangeRequest& request(size_t index) const { return Get(index)->request; }
  const wire::Connection* connection(size_t index) const { return Get(index)->connection; }
  bool cancelled(size_t index) const {
    const std::shared_ptr<Attempt> attempt = Get(index);
    MutexLock lock(&attempt->mutex);
    return attempt->cancelled;
  }
  // Ends the attempt. REQUIRES: not called before for it.
  void End(size_t index, ExchangeResponse response) {
    OnDone on_done = std::move(Get(index)->on_done);  // it refers to whoever keeps this
    on_done(std::move(response));
  }

  // From now on no attempt can begin: the mesh is gone.
  void Leave() {
    MutexLock lock(&state_->mutex);
    state_->gone = true;
  }

 private:
  struct Attempt final : Exchange {
    Attempt(ExchangeRequest request, const wire::Connection* connection, OnDone on_done)
        : request(std::move(request)), connection(connection), on_done(std::move(on_done)) {}
    void Cancel() override {
      MutexLock lock(&mutex);
      cancelled = true;
    }

    const ExchangeRequest request;
    const wire::Connection* const connection;
    OnDone on_done;
    Mutex mutex;
    bool cancelled ABSL_GUARDED_BY(mutex) = false;
  };
  struct State {
    Mutex mutex;
    CondVar began;
    bool gone ABSL_GUARDED_BY(mutex) = false;
    std::vector<std::shared_ptr<Attempt>> attempts ABSL_GUARDED_BY(mutex);
  };

  std::shared_ptr<Attempt> Get(size_t index) const {
    MutexLock lock(&state_->mutex);
    return state_->attempts.at(index);
  }

  std::shared_ptr<State> state_;
};

}  // namespace mesh::call::testing

#endif  // TESTS_CALL_FAKE_TRANSPORT_H_
