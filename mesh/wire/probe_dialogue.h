#ifndef MESH_WIRE_PROBE_DIALOGUE_H_
#define MESH_WIRE_PROBE_DIALOGUE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "mesh/model/health_check.h"
#include "mesh/wire/prober.h"

namespace mesh::wire {

// What a check says to an endpoint over a connection, and what it makes of what it hears: bytes in
// and out, no socket. Keeps some kilobytes at most, whatever it hears. Thread-compatible.
class ProbeDialogue {
 public:
  // The most bytes that are listened to, and kept, before an endpoint is taken to talk about
  // something else.
  static constexpr size_t kMaxHeard = size_t{64} << 10;

  virtual ~ProbeDialogue() = default;

  // What to send when the connection is there.
  virtual std::string Request() const = 0;
  // The result, once it is known. Called when the request is sent, with nothing, and then with
  // what comes, in pieces; not after it has returned a result.
  virtual std::optional<ProbeResult> Hear(absl::string_view bytes) = 0;
  // The endpoint has ended the connection.
  virtual ProbeResult End() const = 0;
};

// REQUIRES: the check is of kind Tcp or Http. `host` is what HTTP is to name.
std::unique_ptr<ProbeDialogue> NewProbeDialogue(const model::HealthCheck& check,
                                                absl::string_view host);

}  // namespace mesh::wire

#endif  // MESH_WIRE_PROBE_DIALOGUE_H_
