#include "tests/interop/xds_interop_client/channelz_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mesh::interop {
namespace {

using grpc::channelz::v1::ChannelConnectivityState;

ChannelConnectivityState::State StateOf(absl::string_view word) {
  if (word == "idle") return ChannelConnectivityState::IDLE;
  if (word == "connecting") return ChannelConnectivityState::CONNECTING;
  if (word == "ready") return ChannelConnectivityState::READY;
  if (word == "failing") return ChannelConnectivityState::TRANSIENT_FAILURE;
  return ChannelConnectivityState::UNKNOWN;
}

// Of a channel to several clusters: that of the one that is best off.
int Rank(ChannelConnectivityState::State state) {
  switch (state) {
    case ChannelConnectivityState::READY:
      return 3;
    case ChannelConnectivityState::CONNECTING:
      return 2;
    case ChannelConnectivityState::IDLE:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

void ChannelzService::Update(const Snapshot& snapshot) {
  State::State state = snapshot.error.empty() ? State::CONNECTING : State::TRANSIENT_FAILURE;
  if (!snapshot.clusters.empty()) state = State::TRANSIENT_FAILURE;
  const std::lock_guard<std::mutex> lock(mutex_);
  target_ = snapshot.target;
  std::map<std::string, Subchannel> subchannels;
  for (const Snapshot::Cluster& cluster : snapshot.clusters) {
    if (Rank(StateOf(cluster.state)) > Rank(state)) state = StateOf(cluster.state);
    for (const Snapshot::LocalityEndpoints& locality : cluster.localities) {
      for (const Snapshot::Endpoint& endpoint : locality.endpoints) {
        const std::string name = absl::StrCat(cluster.name, " ", endpoint.address);
        const auto [entry, added] = subchannels.try_emplace(name);
        if (!added) continue;  // in several localities
        const auto known = subchannels_.find(name);
        entry->second.id = known == subchannels_.end() ? ++last_id_ : known->second.id;
        entry->second.state = StateOf(endpoint.state);
      }
    }
  }
  state_ = state;
  subchannels_ = std::move(subchannels);
}

grpc::Status ChannelzService::GetTopChannels(
    grpc::ServerContext* /*context*/, const grpc::channelz::v1::GetTopChannelsRequest* request,
    grpc::channelz::v1::GetTopChannelsResponse* response) {
  response->set_end(true);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (target_.empty() || request->start_channel_id() > kChannelId) return grpc::Status::OK;
  grpc::channelz::v1::Channel* channel = response->add_channel();
  channel->mutable_ref()->set_channel_id(kChannelId);
  channel->mutable_data()->set_target(target_);
  channel->mutable_data()->mutable_state()->set_state(state_);
  for (const auto& [name, subchannel] : subchannels_) {
    grpc::channelz::v1::SubchannelRef* reference = channel->add_subchannel_ref();
    reference->set_subchannel_id(subchannel.id);
    reference->set_name(name);
  }
  return grpc::Status::OK;
}

grpc::Status ChannelzService::GetSubchannel(grpc::ServerContext* /*context*/,
                                            const grpc::channelz::v1::GetSubchannelRequest* request,
                                            grpc::channelz::v1::GetSubchannelResponse* response) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find_if(
      subchannels_.begin(), subchannels_.end(),
      [request](const auto& entry) { return entry.second.id == request->subchannel_id(); });
  if (found == subchannels_.end()) {
    return grpc::Status(
        grpc::StatusCode::NOT_FOUND,
        absl::StrCat("subchannel ", request->subchannel_id(), ": there is none (any more)"));
  }
  grpc::channelz::v1::Subchannel* subchannel = response->mutable_subchannel();
  subchannel->mutable_ref()->set_subchannel_id(found->second.id);
  subchannel->mutable_ref()->set_name(found->first);
  const std::string& name = found->first;
  subchannel->mutable_data()->set_target(name.substr(name.rfind(' ') + 1));
  subchannel->mutable_data()->mutable_state()->set_state(found->second.state);
  return grpc::Status::OK;
}

}  // namespace mesh::interop
