#ifndef MESH_XDS_XDS_CLIENT_H_
#define MESH_XDS_XDS_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/base/clock.h"
#include "mesh/base/log.h"
#include "mesh/base/random.h"
#include "mesh/base/serializer.h"
#include "mesh/xds/bootstrap.h"
#include "mesh/xds/resource_type.h"
#include "mesh/xds/transport.h"

namespace mesh::xds {

// While any copy lives, the client reads no further message from the stream that brought the
// update: this is the flow control of watchers. May be null. Serializer-bound.
using ReadHold = std::shared_ptr<void>;

// Hears what becomes of one resource (gRFC A88 names). Called on the serializer, never inside
// XdsClient::Watch. A watcher may add and drop watches inside its calls.
class ResourceWatcher {
 public:
  virtual ~ResourceWatcher() = default;
  // A new good value.
  virtual void OnResourceChanged(std::shared_ptr<const Resource> resource, ReadHold hold) = 0;
  // There is no value (any more): the resource does not exist, or there never was a good one. The
  // status is UNAVAILABLE and names resource, node id, control plane and cause.
  virtual void OnResourceError(const absl::Status& status, ReadHold hold) = 0;
  // Something went wrong that leaves the last good value in force. OK: it is right again.
  virtual void OnAmbientError(const absl::Status& status, ReadHold hold) = 0;
};

// What the client knows of one resource, as CSDS says it (envoy.admin.v3.ClientResourceStatus).
struct ResourceStatus {
  enum class State { kRequested, kDoesNotExist, kAcked, kNacked, kTimeout, kReceivedError };
  std::string type_url;
  std::string name;
  State state = State::kRequested;
  std::string version;         // of the accepted value
  std::string failed_version;  // of the rejected one
  absl::Status error;          // of the last failed update
};
absl::string_view ToString(ResourceStatus::State state);

// What the client knows of its control planes.
struct ServerStatus {
  std::string server_uri;
  bool connected = false;  // a stream is up and its first message was sent
  absl::Status error;      // of the last failure
};

// An xDS client, state of the world, aggregated (ADS): subscribes to resources by name, keeps the
// last good value of each, and tells watchers. It knows bytes, names, versions and nonces; it
// knows neither gRPC nor what resources mean. Serializer-bound.
class XdsClient {
 public:
  struct Options {
    Bootstrap bootstrap;
    std::string user_agent_name = "mesh";
    std::string user_agent_version;
    std::vector<std::string> client_features;
    absl::Duration does_not_exist_timeout = absl::Seconds(15);  // gRFC A57
    AdsTransportFactory* transports = nullptr;                  // outlives the client
    Serializer* serializer = nullptr;                           // likewise, and so on
    const Clock* clock = nullptr;
    Random* random = nullptr;
    LogSink log;
  };

  // A subscription of one watcher; destroying it ends it. Serializer-bound.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };

  static std::unique_ptr<XdsClient> Create(Options options);
  virtual ~XdsClient() = default;

  // Tells `watcher` of the resource until the subscription is destroyed; of what is known already,
  // soon. `type` and `watcher` outlive the subscription; a type's URL names one object.
  // REQUIRES: on the serializer.
  virtual std::unique_ptr<Subscription> Watch(const ResourceType* type, absl::string_view name,
                                              ResourceWatcher* watcher) = 0;

  // Every resource that is subscribed to, sorted by type and name.
  virtual std::vector<ResourceStatus> resources() const = 0;
  virtual std::vector<ServerStatus> servers() const = 0;
  // Calls `changed` (at most once per serializer turn) when resources() or servers() changed.
  virtual void SetStatusObserver(std::function<void()> changed) = 0;
};

}  // namespace mesh::xds

#endif  // MESH_XDS_XDS_CLIENT_H_
