#ifndef MESH_CALL_WAITER_H_
#define MESH_CALL_WAITER_H_

#include <string>

#include "absl/time/time.h"

namespace mesh::call {

// A call that waits in its ChannelCore, which calls it on the serializer, until it can go on.
class Waiter {
 public:
  enum class Step {
    kTaken,       // it does not wait any more
    kWait,        // until something changes
    kWaitAWhile,  // the same, but not for long: what it knows may be out of date
  };

  virtual ~Waiter() = default;

  // Takes the next step if there is one.
  virtual Step Advance() = 0;
  // Whether the call was cancelled; it has ended then.
  virtual bool EndIfCancelled() = 0;
  // Ends the wait with that gRPC code; no effect if the call does not wait any more.
  virtual void EndWait(int code, std::string message) = 0;
  // Until when it waits, on the mesh's clock.
  virtual absl::Time deadline() const = 0;
  // When it looks again after kWaitAWhile, or ChannelCore::HoldForAWhile(), if nothing changes
  // before; on the mesh's clock.
  virtual absl::Time look_again() const = 0;
  // What it waits for: `cluster "a": no endpoint is connected yet`.
  virtual std::string WaitReason() const = 0;
};

}  // namespace mesh::call

#endif  // MESH_CALL_WAITER_H_
