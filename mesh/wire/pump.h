#ifndef MESH_WIRE_PUMP_H_
#define MESH_WIRE_PUMP_H_

#include <atomic>
#include <memory>
#include <thread>

#include "absl/time/time.h"
#include "grpcpp/completion_queue.h"

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
//       ▲ while a Hold lives, and for kIdleAfter from a NoteOperation(), always
//
// Thread-safe.
class Pump {
  class Core;

 public:
  static constexpr absl::Duration kCadence = absl::Milliseconds(20);
  static constexpr absl::Duration kIdleAfter = absl::Milliseconds(200);
  // How long the destructor waits for operations that nobody can cancel.
  static constexpr absl::Duration kLinger = absl::Seconds(1);

  // What a queue's tag must be. One operation may be pending for a tag at a time.
  class Tag {
   public:
    virtual ~Tag() = default;
    // Called on the pump's thread, under no lock. It must not block.
    virtual void OnEvent(bool ok) = 0;
  };

  // Somebody who keeps an operation pending, and lets go of it when the pump is about to end.
  class Guest {
   public:
    virtual ~Guest() = default;
    // Called once, on the thread that destroys the pump, under no lock; closing() is true.
    virtual void OnPumpClosing() = 0;
  };

  // While it lives the pump blocks: something is in flight whose answer must not wait.
  class Hold {
   public:
    explicit Hold(Pump* pump);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    const std::shared_ptr<Core> core_;  // so it may outlive the pump
  };

  Pump();
  // Waits until every pending operation has come back, so cancel them before, and start none
  // any more (see closing()). A watch of a channel cannot be cancelled while calls of others keep
  // the channel: what is not back after kLinger ends without the pump, on its thread, which then
  // ends too. REQUIRES: not on the pump's thread.
  ~Pump();
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  grpc::CompletionQueue* queue();

  // Becomes true when the destructor begins: a Tag that may outlive the pump and starts another
  // operation in OnEvent() asks it first. Outlives the pump.
  std::shared_ptr<const std::atomic<bool>> closing() const;

  // Has `guest` told, if it is there by then.
  void AddGuest(std::weak_ptr<Guest> guest);

  // An operation of ours on a stream begins or ends, so that the next one may follow soon: for
  // kIdleAfter the pump blocks as under a Hold. A hold for life would be too much: streams last.
  void NoteOperation();

  // Counts a call of the application; wakes the pump out of a blocking wait if it is in one.
  // Some nanoseconds.
  void NoteCall();

 private:
  const std::shared_ptr<Core> core_;  // the thread's too
  std::thread thread_;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_PUMP_H_
