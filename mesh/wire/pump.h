#ifndef MESH_WIRE_PUMP_H_
#define MESH_WIRE_PUMP_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "grpcpp/alarm.h"
#include "grpcpp/completion_queue.h"
#include "mesh/base/mutex.h"
#include "mesh/base/per_thread_counter.h"

namespace mesh::wire {

// Drives all of a mesh's own gRPC operations on one completion queue and one thread: the control
// plane's stream, the connection watches, attempts of managed calls.
//
// On gRPC 1.51 a thread that blocks in any queue of the process takes the events of callers that
// wait for their own, and must wake them: +15 % instructions a call. So while the application
// makes calls, and no attempt of ours is in flight, the pump looks at its queue without blocking
// every kCadence; otherwise it blocks, and reacts at once.
//
//   blocking ──a call begins (NoteCall)──► cadence ──no call for kIdleAfter──► blocking
//       ▲ while a Hold lives, always
//
// Thread-safe.
class Pump {
 public:
  static constexpr absl::Duration kCadence = absl::Milliseconds(20);
  static constexpr absl::Duration kIdleAfter = absl::Milliseconds(200);

  // What a queue's tag must be. One operation may be pending for a tag at a time.
  class Tag {
   public:
    virtual ~Tag() = default;
    // Called on the pump's thread, under no lock. It must not block.
    virtual void OnEvent(bool ok) = 0;
  };

  // While it lives the pump blocks: something is in flight whose answer must not wait.
  class Hold {
   public:
    explicit Hold(Pump* pump);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Pump* const pump_;
  };

  Pump();
  // Waits until every pending operation has come back, so cancel them before.
  ~Pump();

  grpc::CompletionQueue* queue() { return &queue_; }

  // Counts a call of the application; wakes the pump out of a blocking wait if it is in one.
  // Some nanoseconds.
  void NoteCall();

 private:
  class Waker;
  void Loop();
  bool Busy() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::CompletionQueue queue_;
  PerThreadCounter calls_;
  std::atomic<bool> blocking_{false};
  Mutex mutex_;
  CondVar wake_;
  int holds_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Waker> waker_;
  std::thread thread_;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_PUMP_H_
