#ifndef MESH_WIRE_LOAD_WATCHER_H_
#define MESH_WIRE_LOAD_WATCHER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/wire/connection.h"

namespace mesh::wire {

// Whose load to watch, and how. Read by Start(), and not kept.
struct LoadWatchRequest {
  // Carries the stream. REQUIRES: not null.
  std::shared_ptr<Connection> connection;
  // Whom the request names (`:authority`). Empty: the address.
  std::string authority;
  // How often the server is asked to report; 0: as often as it does. It may report less often.
  absl::Duration interval = absl::ZeroDuration();
};

// A stream of load reports from one endpoint. Destroying it cancels: its observer hears nothing
// any more. Serializer-bound.
class LoadWatch {
 public:
  // Called on the serializer, never inside Start(). Each may destroy the watch.
  class Observer {
   public:
    virtual ~Observer() = default;
    // The bytes of an xds.data.orca.v3.OrcaLoadReport, as they came: they may be malformed.
    virtual void OnLoadReport(absl::string_view report) = 0;
    // The stream has ended, with that status: kUnimplemented says that the server does not report.
    // The last call.
    virtual void OnLoadWatchEnd(const absl::Status& status) = 0;
  };

  virtual ~LoadWatch() = default;
};

// Has endpoints report their load out of band (gRFC A51). Serializer-bound.
class LoadWatcher {
 public:
  // REQUIRES: no watch is left.
  virtual ~LoadWatcher() = default;

  // `observer` outlives the watch. Never null. The stream does not make the connection connect,
  // and ends with it.
  virtual std::unique_ptr<LoadWatch> Start(const LoadWatchRequest& request,
                                           LoadWatch::Observer* observer) = 0;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_LOAD_WATCHER_H_
