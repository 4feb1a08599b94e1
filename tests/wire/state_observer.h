#ifndef TESTS_WIRE_STATE_OBSERVER_H_
#define TESTS_WIRE_STATE_OBSERVER_H_

#include "absl/status/status.h"
#include "mesh/wire/connection.h"
#include "tests/wire/runtime.h"

namespace mesh::wire {

// Waits for states of a connection. Thread-safe.
class StateObserver final : public Connection::Observer {
 public:
  void OnConnectionState(ConnectionState state, const absl::Status&) override {
    state_.Update([&](ConnectionState& value) { value = state; });
  }
  // Whether the connection is in that state within 10 seconds.
  bool Reaches(ConnectionState state) {
    return state_.WaitFor([&](ConnectionState value) { return value == state; });
  }

 private:
  Watched<ConnectionState> state_;
};

}  // namespace mesh::wire

#endif  // TESTS_WIRE_STATE_OBSERVER_H_
