#ifndef MESH_XDS_ADS_SESSION_H_
#define MESH_XDS_ADS_SESSION_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/base/serializer.h"
#include "mesh/xds/ads_sink.h"
#include "mesh/xds/limited_log.h"
#include "mesh/xds/transport.h"

namespace mesh::xds {

// The version last accepted of each type (by URL) from one control plane: this survives a stream.
using AcceptedVersions = absl::flat_hash_map<std::string, std::string>;

// The state-of-the-world protocol on one ADS stream, from its first request to its end: nonces,
// ACK and NACK, and the wait for resources that may not exist (xDS protocol; gRFC A57, A88). Every
// response is answered once; a change of subscriptions is one request a type. Serializer-bound.
class AdsSession final : private AdsStream::Observer {
 public:
  // Hears of the stream as a whole. No call may destroy the session.
  class Owner {
   public:
    virtual ~Owner() = default;
    // The first request reached a connected transport.
    virtual void OnConnected() = 0;
    // Comes before the response is applied.
    virtual void OnFirstResponse() = 0;
    // The last call.
    virtual void OnEnded(const absl::Status& status, bool had_response) = 0;
  };

  struct Options {
    Serializer* serializer = nullptr;
    AdsTransport* transport = nullptr;
    // How long a resource is waited for once its request was sent.
    absl::Duration resource_timeout;
    absl::string_view node;  // serialized; used during the call
    AcceptedVersions* versions = nullptr;
    LimitedLog* log = nullptr;
  };

  // Opens the stream and subscribes to all that there is. Everything must outlive the session.
  AdsSession(const Options& options, AdsSubscriptions* subscriptions, AdsSink* sink, Owner* owner);
  ~AdsSession() override;

  // Sends the names of the type if they are not those that were sent last.
  void Update(absl::string_view type_url);
  bool ended() const { return ended_; }

 private:
  struct TypeState {
    std::string type_url;
    std::string nonce;
    // Each name of the last request, and the number of the request that named it first.
    std::map<std::string, uint64_t, std::less<>> named;
  };
  struct Sent {
    TypeState* state;
    uint64_t number;
  };
  class Hold;

  void OnSent() override;
  void OnMessage(std::string bytes) override;
  void OnClosed(const absl::Status& status) override;

  void Handle(const DiscoveryResponseView& response);
  // `version` is the one to claim; an error in `nack` rejects the last response.
  void SendRequest(TypeState* state, absl::string_view version, const absl::Status& nack);
  void OnTimer(TypeState* state, uint64_t number);
  void End(const absl::Status& status);
  absl::string_view AcceptedVersion(absl::string_view type_url) const;

  const Options options_;
  AdsSubscriptions* const subscriptions_;
  AdsSink* const sink_;
  Owner* const owner_;
  std::string node_;  // until it was sent
  std::map<std::string, TypeState, std::less<>> types_;
  std::deque<Sent> unsent_;  // handed to the stream, not yet to the network
  uint64_t last_request_ = 0;
  std::map<uint64_t, Serializer::Timer> timers_;  // by number of request
  bool connected_ = false;
  bool had_response_ = false;
  bool ended_ = false;
  std::shared_ptr<AdsSession*> self_;  // for holds that outlive the session
  std::unique_ptr<AdsStream> stream_;
};

}  // namespace mesh::xds

#endif  // MESH_XDS_ADS_SESSION_H_
