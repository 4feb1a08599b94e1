#include "mesh/wire/pump.h"

#include <chrono>
#include <list>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "grpc/support/time.h"
#include "grpcpp/alarm.h"
#include "mesh/base/clock.h"
#include "mesh/base/mutex.h"
#include "mesh/base/per_thread_counter.h"

namespace mesh::wire {
namespace {

// While held, how long a wait may last before the pump looks whether it still is.
constexpr absl::Duration kHeldWait = absl::Milliseconds(100);

gpr_timespec Never() { return gpr_inf_future(GPR_CLOCK_REALTIME); }
// gRPC looks at the sockets once, without waiting.
gpr_timespec AtOnce() { return gpr_inf_past(GPR_CLOCK_REALTIME); }
std::chrono::system_clock::time_point In(absl::Duration delay) {
  return std::chrono::system_clock::now() + absl::ToChronoMicroseconds(delay);
}

}  // namespace

// What the pump's thread shares with the pump, and keeps when the pump goes first.
class Pump::Core {
 public:
  Core() : waker_(this) {}

  void Run();
  void NoteCall() {
    calls_.Add();
    // Relaxed: a call that just misses the flag leaves the pump blocking until the next one,
    // which costs that call some instructions and nothing else.
    if (blocking_.load(std::memory_order_relaxed) && blocking_.exchange(false)) Wake();
  }
  void AddHold();
  void DropHold();
  void NoteOperation();
  void AddGuest(std::weak_ptr<Guest> guest);
  void Stop();
  // Whether all operations were back before `timeout` was over.
  bool WaitUntilDrained(absl::Duration timeout);

  grpc::CompletionQueue* queue() { return &queue_; }
  const std::atomic<bool>* closing() const { return &closing_; }

 private:
  class Waker final : public Tag {
   public:
    explicit Waker(Core* core) : core_(core) {}
    void OnEvent(bool) override {
      MutexLock lock(&core_->mutex_);
      core_->wake_pending_ = false;
    }

   private:
    Core* const core_;
  };

  void Wake();
  bool stopping();
  bool held();
  // Whether a call was made within the last kIdleAfter. Pump thread.
  bool calls_are_made();
  void Block(bool held);
  void Nap(absl::Duration duration);
  // Runs what is there, without waiting. False when the queue is shut down and empty.
  bool RunPending();
  void Drain();

  grpc::CompletionQueue queue_;
  PerThreadCounter calls_;
  // The pump waits in its queue, and a call is to wake it.
  std::atomic<bool> blocking_{false};
  std::atomic<bool> closing_{false};
  const SteadyClock clock_;

  // Pump thread.
  uint64_t seen_calls_ = 0;
  absl::Time last_call_ = absl::InfinitePast();

  Mutex mutex_;
  CondVar wake_;
  CondVar drained_signal_;
  int holds_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time busy_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool lingered_ ABSL_GUARDED_BY(mutex_) = false;
  bool drained_ ABSL_GUARDED_BY(mutex_) = false;
  bool wake_pending_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<std::weak_ptr<Guest>> guests_ ABSL_GUARDED_BY(mutex_);
  size_t known_guests_ ABSL_GUARDED_BY(mutex_) = 0;  // when it was last looked who is there
  Waker waker_;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
};

void Pump::Core::AddHold() {
  MutexLock lock(&mutex_);
  if (++holds_ == 1) wake_.Signal();
}

void Pump::Core::DropHold() {
  MutexLock lock(&mutex_);
  --holds_;
}

void Pump::Core::NoteOperation() {
  const absl::Time now = clock_.Now();
  MutexLock lock(&mutex_);
  if (now >= busy_until_) wake_.Signal();
  busy_until_ = now + kIdleAfter;
}

void Pump::Core::AddGuest(std::weak_ptr<Guest> guest) {
  MutexLock lock(&mutex_);
  guests_.push_back(std::move(guest));
  if (guests_.size() < 2 * known_guests_ + 16) return;
  guests_.remove_if([](const std::weak_ptr<Guest>& known) { return known.expired(); });
  known_guests_ = guests_.size();
}

void Pump::Core::Stop() {
  std::list<std::weak_ptr<Guest>> guests;
  {
    MutexLock lock(&mutex_);
    closing_ = true;
    guests.swap(guests_);
  }
  for (const std::weak_ptr<Guest>& guest : guests) {
    if (const std::shared_ptr<Guest> there = guest.lock()) there->OnPumpClosing();
  }
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    wake_.Signal();
  }
  Wake();
}

bool Pump::Core::WaitUntilDrained(absl::Duration timeout) {
  const absl::Time deadline = clock_.Now() + timeout;
  MutexLock lock(&mutex_);
  for (absl::Time now = clock_.Now(); !drained_ && now < deadline; now = clock_.Now()) {
    drained_signal_.WaitFor(&mutex_, deadline - now);
  }
  lingered_ = true;
  return drained_;
}

// An alarm can be set again only after its event was taken.
void Pump::Core::Wake() {
  MutexLock lock(&mutex_);
  if (wake_pending_ || closed_) return;
  wake_pending_ = true;
  alarm_.Set(&queue_, AtOnce(), static_cast<Tag*>(&waker_));
}

bool Pump::Core::stopping() {
  MutexLock lock(&mutex_);
  return stopping_;
}

bool Pump::Core::held() {
  const absl::Time now = clock_.Now();
  MutexLock lock(&mutex_);
  return holds_ > 0 || now < busy_until_;
}

bool Pump::Core::calls_are_made() {
  const uint64_t calls = calls_.Sum();
  const absl::Time now = clock_.Now();
  if (calls != seen_calls_) {
    seen_calls_ = calls;
    last_call_ = now;
  }
  return now - last_call_ < kIdleAfter;
}

void Pump::Core::Run() {
  while (!stopping()) {
    if (held()) {
      Block(true);
    } else if (calls_are_made()) {
      Nap(kCadence);
      RunPending();
    } else {
      Block(false);
    }
  }
  {
    MutexLock lock(&mutex_);
    closed_ = true;
  }
  // Here and not in the destructor, so that no OnEvent() runs meanwhile that could start something.
  queue_.Shutdown();
  Drain();
}

void Pump::Core::Block(bool held) {
  void* tag = nullptr;
  bool ok = false;
  auto result = grpc::CompletionQueue::TIMEOUT;
  if (held) {
    result = queue_.AsyncNext(&tag, &ok, In(kHeldWait));
  } else {
    blocking_.store(true);
    if (calls_.Sum() == seen_calls_) result = queue_.AsyncNext(&tag, &ok, Never());
    blocking_.store(false);
  }
  if (result == grpc::CompletionQueue::GOT_EVENT) static_cast<Tag*>(tag)->OnEvent(ok);
}

void Pump::Core::Nap(absl::Duration duration) {
  const absl::Time end = clock_.Now() + duration;
  MutexLock lock(&mutex_);
  for (absl::Time now = clock_.Now(); holds_ == 0 && now >= busy_until_ && !stopping_ && now < end;
       now = clock_.Now()) {
    wake_.WaitFor(&mutex_, end - now);
  }
}

bool Pump::Core::RunPending() {
  for (;;) {
    void* tag = nullptr;
    bool ok = false;
    switch (queue_.AsyncNext(&tag, &ok, AtOnce())) {
      case grpc::CompletionQueue::GOT_EVENT:
        static_cast<Tag*>(tag)->OnEvent(ok);
        break;
      case grpc::CompletionQueue::TIMEOUT:
        return true;
      case grpc::CompletionQueue::SHUTDOWN:
        return false;
    }
  }
}

void Pump::Core::Drain() {
  while (RunPending()) {
    MutexLock lock(&mutex_);
    // Nobody waits any more, so callers are not to be taxed by a wait of ours.
    wake_.WaitFor(&mutex_, lingered_ ? 5 * kCadence : absl::Milliseconds(1));
  }
  MutexLock lock(&mutex_);
  drained_ = true;
  drained_signal_.SignalAll();
}

Pump::Hold::Hold(Pump* pump) : core_(pump->core_) { core_->AddHold(); }
Pump::Hold::~Hold() { core_->DropHold(); }

Pump::Pump() : core_(std::make_shared<Core>()), thread_([core = core_] { core->Run(); }) {}

Pump::~Pump() {
  core_->Stop();
  if (core_->WaitUntilDrained(kLinger)) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

std::shared_ptr<const std::atomic<bool>> Pump::closing() const {
  return std::shared_ptr<const std::atomic<bool>>(core_, core_->closing());
}
grpc::CompletionQueue* Pump::queue() { return core_->queue(); }
void Pump::AddGuest(std::weak_ptr<Guest> guest) { core_->AddGuest(std::move(guest)); }

void Pump::NoteOperation() { core_->NoteOperation(); }

void Pump::NoteCall() { core_->NoteCall(); }

}  // namespace mesh::wire
