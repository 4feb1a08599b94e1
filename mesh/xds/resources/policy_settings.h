#ifndef MESH_XDS_RESOURCES_POLICY_SETTINGS_H_
#define MESH_XDS_RESOURCES_POLICY_SETTINGS_H_

#include <cstdint>
#include <optional>

#include "google/protobuf/wrappers.pb.h"
#include "mesh/model/load_balancing.h"
#include "mesh/model/zone_aware.h"
#include "mesh/xds/proto/load_balancing.pb.h"
#include "mesh/xds/resources/decoding.h"

// What single policies are configured with, be it in the cluster's own fields or in a policy of
// load_balancing_policy. Each notes what is wrong at the current path of the decoding; what it
// returns then means nothing.

namespace mesh::xds {

// gRFC A48: of the whole, gRPC reads the choice_count, and compares ten endpoints at most.
model::LeastRequest DecodeLeastRequest(const proto::LeastRequestLbConfig& config,
                                       Decoding* decoding);
model::LeastRequest DecodeLeastRequest(const proto::LeastRequest& config, Decoding* decoding);

// Rings have 1,048,576 entries at most in Profile::kMesh, 8,388,608 in kEnvoy, 4096 in kGrpc (gRFC
// A42).
model::RingHash DecodeRingHash(const proto::RingHashLbConfig& config, Decoding* decoding);
model::RingHash DecodeRingHash(const proto::RingHash& config, Decoding* decoding);

model::Maglev DecodeMaglev(const proto::MaglevLbConfig& config, Decoding* decoding);
model::Maglev DecodeMaglev(const proto::Maglev& config, Decoding* decoding);

// gRFC A58, and A114 but in Profile::kGrpc.
model::ClientSideWeightedRoundRobin DecodeClientSideWeightedRoundRobin(
    const proto::ClientSideWeightedRoundRobin& config, Decoding* decoding);

// Nothing if its window is zero.
std::optional<model::SlowStart> DecodeSlowStart(const proto::SlowStartConfig& config,
                                                Decoding* decoding);

// As the field `zone_aware_lb_config`. In Profile::kGrpc nothing of it counts.
model::ZoneAware DecodeZoneAware(const proto::LocalityLbConfig::ZoneAwareLbConfig& config,
                                 Decoding* decoding);

// Of a policy that hashes.
void DecodeConsistentHashing(const proto::ConsistentHashingLbConfig& config,
                             model::LoadBalancing* result, Decoding* decoding);
uint32_t DecodeHashBalanceFactor(const google::protobuf::UInt32Value& factor, Decoding* decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_POLICY_SETTINGS_H_
