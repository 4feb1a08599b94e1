#ifndef TESTS_INTEROP_XDS_INTEROP_CLIENT_CHANNELZ_SERVICE_H_
#define TESTS_INTEROP_XDS_INTEROP_CLIENT_CHANNELZ_SERVICE_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "mesh/mesh.h"
#include "tests/interop/xds_interop_client/channelz.grpc.pb.h"

namespace mesh::interop {

// Channelz for one channel of a mesh: the target is its only top channel, each endpoint of each of
// its clusters a subchannel, which keeps its number while it is there. (gRPC's own channelz knows
// the endpoints' channels only, and nothing of the target.) Thread-safe.
class ChannelzService final : public grpc::channelz::v1::Channelz::Service {
 public:
  static constexpr int64_t kChannelId = 1;

  // What Mesh::Watch told.
  void Update(const Snapshot& snapshot);

 private:
  using State = grpc::channelz::v1::ChannelConnectivityState;
  struct Subchannel {
    int64_t id = 0;
    State::State state = State::UNKNOWN;
  };

  grpc::Status GetTopChannels(grpc::ServerContext* context,
                              const grpc::channelz::v1::GetTopChannelsRequest* request,
                              grpc::channelz::v1::GetTopChannelsResponse* response) override;
  grpc::Status GetSubchannel(grpc::ServerContext* context,
                             const grpc::channelz::v1::GetSubchannelRequest* request,
                             grpc::channelz::v1::GetSubchannelResponse* response) override;

  std::mutex mutex_;
  std::string target_;  // empty: nothing was told yet
  State::State state_ = State::UNKNOWN;
  int64_t last_id_ = kChannelId;
  std::map<std::string, Subchannel> subchannels_;  // by cluster and address
};

}  // namespace mesh::interop

#endif  // TESTS_INTEROP_XDS_INTEROP_CLIENT_CHANNELZ_SERVICE_H_
