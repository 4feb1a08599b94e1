#ifndef MESH_BASE_LOG_H_
#define MESH_BASE_LOG_H_

#include <functional>

#include "absl/strings/string_view.h"

namespace mesh {

enum class LogSeverity { kDebug, kInfo, kWarning, kError };

// Where the library says what an operator should know. Called on any thread, never under a lock
// and never on the call path; it must not block. An empty sink discards.
using LogSink = std::function<void(LogSeverity severity, absl::string_view text)>;

}  // namespace mesh

#endif  // MESH_BASE_LOG_H_
