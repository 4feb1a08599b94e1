#ifndef MESH_XDS_AUTHORITY_H_
#define MESH_XDS_AUTHORITY_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/xds/ads_channel.h"
#include "mesh/xds/ads_sink.h"
#include "mesh/xds/bootstrap.h"
#include "mesh/xds/limited_log.h"
#include "mesh/xds/type_cache.h"
#include "mesh/xds/xds_client.h"

namespace mesh::xds {

// A name space of resources (gRFC A47) with the servers that know them, in order of preference,
// and everything that is known of those which are subscribed to. It uses the first server only.
// Serializer-bound.
class Authority final : private AdsSubscriptions, private AdsSink {
 public:
  // `options` outlives the authority; `servers` are among them. `changed` is called, often, when
  // what resources() or servers() say changes.
  // REQUIRES: there is a server.
  Authority(const XdsClient::Options* options, const std::vector<ServerConfig>* servers,
            std::string node, std::function<void()> changed);
  ~Authority() override;

  // Adds a watcher, or notes that one has gone. Both take effect in Settle().
  void AddWatcher(const ResourceType* type, absl::string_view name,
                  std::shared_ptr<WatchSlot> slot);
  void OnWatcherEnded(absl::string_view type_url);
  // Tells the control plane what changed since the last time, and new watchers what is known.
  void Settle();

  void AppendResources(std::vector<ResourceStatus>* statuses) const;
  void AppendServers(std::vector<ServerStatus>* statuses) const;

 private:
  std::vector<std::string> Types() const override;
  std::vector<std::string> Names(absl::string_view type_url) const override;
  bool IsAwaited(absl::string_view type_url, absl::string_view name) const override;

  absl::Status OnResponse(const DiscoveryResponseView& response, const ReadHold& hold) override;
  void OnTimeout(absl::string_view type_url, absl::string_view name) override;
  void OnChannelStatus(const absl::Status& status) override;
  void OnServerStatusChanged() override { changed_(); }

  void Reject(TypeCache* cache, const TypeCache::Outcome& outcome, absl::string_view version,
              const ReadHold& hold);
  // Of the resources that a complete response lacks.
  void Delete(TypeCache* cache, const std::set<absl::string_view>& present, const ReadHold& hold);
  void OnResourceErrors(TypeCache* cache, const std::vector<ResourceErrorView>& errors,
                        const ReadHold& hold);

  TypeCache* Find(absl::string_view type_url) const;
  const ServerConfig& server() const { return servers_->front(); }
  // UNAVAILABLE, of `Listener "a": cause (node "n", control plane "dns:///x")`.
  absl::Status Describe(absl::string_view type_url, absl::string_view name,
                        absl::string_view cause) const;

  const XdsClient::Options* const options_;
  const std::vector<ServerConfig>* const servers_;
  const std::function<void()> changed_;
  LimitedLog rejections_;
  LimitedLog deletions_;
  std::map<std::string, std::unique_ptr<TypeCache>, std::less<>> types_;  // by URL
  std::set<std::string, std::less<>> unsettled_;                          // types, by URL
  absl::Status channel_status_;
  std::vector<std::unique_ptr<AdsChannel>> channels_;  // as servers_, but only those in use
};

}  // namespace mesh::xds

#endif  // MESH_XDS_AUTHORITY_H_
