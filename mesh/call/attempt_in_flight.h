#ifndef MESH_CALL_ATTEMPT_IN_FLIGHT_H_
#define MESH_CALL_ATTEMPT_IN_FLIGHT_H_

#include <cstdint>
#include <memory>
#include <utility>

namespace mesh::call {

// The attempt of a call that is in flight, for those who would cancel it. A transport may tell of
// an attempt's end, and the next one may begin, before the one who began it has its handle: a
// handle that comes too late is not kept. Thread-compatible.
template <typename Attempt>
class AttemptInFlight {
 public:
  // An attempt is about to begin. What is returned names it.
  uint64_t Begin() { return ++generation_; }
  // Its handle has come.
  void SetHandle(uint64_t generation, std::shared_ptr<Attempt> handle) {
    if (generation == generation_) handle_ = std::move(handle);
  }
  // The attempt has ended. Returns its handle, to be dropped under no lock.
  std::shared_ptr<Attempt> End() {
    ++generation_;
    return std::exchange(handle_, nullptr);
  }

  // Null: no attempt is in flight, or its handle has not come.
  const std::shared_ptr<Attempt>& handle() const { return handle_; }

 private:
  uint64_t generation_ = 0;  // one more at each begin and end
  std::shared_ptr<Attempt> handle_;
};

}  // namespace mesh::call

#endif  // MESH_CALL_ATTEMPT_IN_FLIGHT_H_
