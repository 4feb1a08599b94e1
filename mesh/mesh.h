#ifndef MESH_MESH_H_
#define MESH_MESH_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/impl/channel_interface.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/client_interceptor.h"
#include "mesh/base/clock.h"
#include "mesh/base/executor.h"
#include "mesh/base/log.h"
#include "mesh/base/random.h"
#include "mesh/call/call_hash.h"
#include "mesh/call/call_trace.h"
#include "mesh/model/explanation.h"
#include "mesh/model/profile.h"
#include "mesh/model/snapshot.h"

namespace mesh {

// What a mesh is made from. A value; thread-compatible.
struct Options {
  // gRPC's xDS bootstrap (gRFC A27): JSON text, or the path of a file that holds it; the text
  // wins. Without either, `xds:` targets fail with a reason and the others work.
  std::string bootstrap_json;
  std::string bootstrap_path;

  // Whose rules decide where Envoy and gRPC disagree.
  Profile profile = Profile::kMesh;

  // Given to the channel of every endpoint: message size limits, keepalive, user agent. What a
  // cluster's connection_keepalive says of keepalive holds instead.
  grpc::ChannelArguments channel_arguments;
  // The application's interceptors; each sees a call once, however many attempts it takes.
  std::vector<std::shared_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> interceptors;

  // The most endpoints of a cluster that are connected at a time. 0: all of them. Profile kGrpc
  // always connects all.
  uint32_t max_connected_endpoints = 128;

  // Whether calls are guarded against endpoints that accept them and never answer (a frozen
  // process, a network that swallows packets), though the configuration asks for nothing: such an
  // endpoint is avoided while others answer, and takes no calls until it answers a probe
  // (docs/guard.md). Only in profile kMesh.
  bool guards_against_stalls = true;

  // The cluster that this process is one of, as the control plane names it (envoy bootstrap.proto,
  // local_cluster_name): what zone-aware routing compares other clusters with, to keep calls in the
  // locality that the bootstrap's node has (docs/zones.md). Empty: none, and calls prefer no
  // locality by themselves. Not in profile kGrpc.
  std::string local_cluster;

  // Where messages for operators go; empty: nowhere. Called on threads of the mesh.
  LogSink log;

  // For tests and simulations; null: the machine's own. They must outlive the mesh,
  // the clock its calls too.
  const Clock* clock = nullptr;
  Executor* executor = nullptr;
  Random* random = nullptr;

  // The options that the environment describes, as gRPC reads it: GRPC_XDS_BOOTSTRAP (a path),
  // else GRPC_XDS_BOOTSTRAP_CONFIG (JSON text). Nothing below this reads the environment.
  static Options FromEnvironment();
};

// A client's view of a mesh: one relationship to a control plane, and channels to the services
// that it describes. A process may have any number. Thread-safe.
class Mesh {
 public:
  // Called on a thread of the mesh, one call at a time, with each new state of a target. It must
  // not block for long.
  using Observer = std::function<void(const Snapshot& snapshot)>;

  // Destroying it ends the observation; no call of the observer is running or follows.
  // REQUIRES: not destroyed inside the observer.
  class Observation {
   public:
    virtual ~Observation() = default;
  };

  // Error: the bootstrap cannot be read or used; the text names the JSON path and the cause. An
  // unreachable control plane is no error here: calls say it.
  static absl::StatusOr<std::unique_ptr<Mesh>> Create(Options options);

  // Calls in flight end, each with exactly one status, within 2 seconds. Channels may outlive the
  // mesh: their calls fail. REQUIRES: not called on a thread of the mesh or a gRPC callback.
  virtual ~Mesh() = default;

  // A channel to `target`: `xds:///name`, `dns:///host:port`, `static:///a:1,b:2`. Any generated
  // stub takes it. Never fails: a bad target gives a channel whose calls fail with the reason.
  // Channels to one target share everything.
  virtual std::shared_ptr<grpc::ChannelInterface> Channel(absl::string_view target) = 0;

  // Tells `observer` the state of `target` now and whenever it changes.
  virtual std::unique_ptr<Observation> Watch(absl::string_view target, Observer observer) = 0;

  // Tells `done`, once, on a thread of the mesh, what would become of `call` to `target` and why:
  // as soon as that is settled (Explanation::settled), or after `wait`, or when the mesh is
  // destroyed. Meanwhile it connects what such a call would connect; no call is made. With a wait
  // of zero it connects nothing, and tells what is known by then. `done` must not block for long.
  virtual void Explain(absl::string_view target, CallDescription call, absl::Duration wait,
                       std::function<void(const Explanation&)> done) = 0;
};

}  // namespace mesh

#endif  // MESH_MESH_H_
