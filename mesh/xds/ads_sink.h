#ifndef MESH_XDS_ADS_SINK_H_
#define MESH_XDS_ADS_SINK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/xds/discovery_response.h"
#include "mesh/xds/xds_client.h"

namespace mesh::xds {

// What is subscribed to at one control plane, as its channel asks. Serializer-bound.
class AdsSubscriptions {
 public:
  virtual ~AdsSubscriptions() = default;
  // The URLs of the types of which at least one resource is subscribed to.
  virtual std::vector<std::string> Types() const = 0;
  // All names of a type that are subscribed to, sorted.
  virtual std::vector<std::string> Names(absl::string_view type_url) const = 0;
  // Whether nothing was heard of that resource yet, so that it may turn out not to exist.
  virtual bool IsAwaited(absl::string_view type_url, absl::string_view name) const = 0;
};

// Who uses what comes from one control plane. Serializer-bound.
class AdsSink {
 public:
  virtual ~AdsSink() = default;
  // Applies what is good in a response of a type that was subscribed to. OK accepts it; an error
  // rejects it and names every resource that is bad. The views are valid during the call.
  virtual absl::Status OnResponse(const DiscoveryResponseView& response, const ReadHold& hold) = 0;
  // A resource that was asked for did not come in time.
  virtual void OnTimeout(absl::string_view type_url, absl::string_view name) = 0;
  // The control plane cannot be heard. OK: it answers again.
  virtual void OnChannelStatus(const absl::Status& status) = 0;
  // ServerStatus changed.
  virtual void OnServerStatusChanged() = 0;
};

}  // namespace mesh::xds

#endif  // MESH_XDS_ADS_SINK_H_
