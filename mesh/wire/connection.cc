#include "mesh/wire/connection.h"

namespace mesh::wire {

absl::string_view ToString(ConnectionState state) {
  switch (state) {
    case ConnectionState::kIdle:
      return "idle";
    case ConnectionState::kConnecting:
      return "connecting";
    case ConnectionState::kReady:
      return "ready";
    case ConnectionState::kFailing:
      return "failing";
  }
  return "unknown";
}

}  // namespace mesh::wire
