#ifndef MESH_XDS_ADS_CHANNEL_H_
#define MESH_XDS_ADS_CHANNEL_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/base/backoff.h"
#include "mesh/base/serializer.h"
#include "mesh/xds/ads_session.h"
#include "mesh/xds/ads_sink.h"
#include "mesh/xds/bootstrap.h"
#include "mesh/xds/limited_log.h"
#include "mesh/xds/transport.h"
#include "mesh/xds/xds_client.h"

namespace mesh::xds {

// The way to one control plane: keeps an ADS session on it while anything is subscribed to.
//
//   idle ── a subscription ──► session ──┬─ ended after a response ──► session, at once; but at
//    ▲                            │      │        most once a second, else after a back-off
//    └── the last one goes ───────┘      └─ ended before any ──► an error; back-off ──► session
//
// Serializer-bound.
class AdsChannel final : private AdsSession::Owner {
 public:
  // Everything must outlive the channel. `node` is the serialized node of requests.
  AdsChannel(const XdsClient::Options* options, const ServerConfig* server, std::string node,
             AdsSubscriptions* subscriptions, AdsSink* sink);
  ~AdsChannel() override;

  // Something of the type was subscribed to, or no longer is.
  void OnSubscriptionsChanged(absl::string_view type_url);
  ServerStatus status() const;

 private:
  void OnConnected() override;
  void OnFirstResponse() override;
  void OnEnded(const absl::Status& status, bool had_response) override;

  void Open();
  void OpenAfter(absl::Duration delay);
  // Notes why the control plane cannot be heard, and tries again later.
  void Fail(const absl::Status& status);

  const XdsClient::Options* const options_;
  const ServerConfig* const server_;
  const std::string node_;
  AdsSubscriptions* const subscriptions_;
  AdsSink* const sink_;
  LimitedLog log_;
  Backoff backoff_;
  absl::Time last_reopened_ = absl::InfinitePast();  // at once, after a response
  bool connected_ = false;
  absl::Status error_;
  AcceptedVersions versions_;
  std::unique_ptr<AdsTransport> transport_;
  std::unique_ptr<AdsSession> session_;
  Serializer::Timer retry_;
  Serializer::Timer discard_;  // of a session that ended, which must not die in its own call
};

}  // namespace mesh::xds

#endif  // MESH_XDS_ADS_CHANNEL_H_
