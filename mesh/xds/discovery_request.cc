#include "mesh/xds/discovery_request.h"

#include "absl/strings/ascii.h"
#include "mesh/xds/proto/discovery.pb.h"

namespace mesh::xds {
namespace {

// The text holds what a peer sent; a control plane would close the stream over bad UTF-8 in it.
std::string ToAscii(absl::string_view text) {
  std::string ascii(text);
  for (char& c : ascii) {
    if (!absl::ascii_isprint(static_cast<unsigned char>(c))) c = '?';
  }
  return ascii;
}

}  // namespace

std::string ClientIdentity::ToNodeBytes() const {
  discovery::Node proto;
  proto.set_id(node.id);
  proto.set_cluster(node.cluster);
  if (!node.metadata.empty()) proto.mutable_metadata()->ParseFromString(node.metadata);
  if (!node.region.empty() || !node.zone.empty() || !node.sub_zone.empty()) {
    proto.mutable_locality()->set_region(node.region);
    proto.mutable_locality()->set_zone(node.zone);
    proto.mutable_locality()->set_sub_zone(node.sub_zone);
  }
  proto.set_user_agent_name(user_agent_name);
  proto.set_user_agent_version(user_agent_version);
  for (const std::string& feature : client_features) proto.add_client_features(feature);
  return proto.SerializeAsString();
}

std::string DiscoveryRequest::ToBytes() const {
  discovery::DiscoveryRequest proto;
  proto.set_version_info(std::string(version));
  proto.set_type_url(std::string(type_url));
  proto.set_response_nonce(std::string(nonce));
  proto.mutable_resource_names()->Reserve(static_cast<int>(names->size()));
  for (const std::string& name : *names) proto.add_resource_names(name);
  if (!node.empty()) proto.mutable_node()->ParseFromArray(node.data(), node.size());
  if (!error.ok()) {
    proto.mutable_error_detail()->set_code(static_cast<int>(error.code()));
    proto.mutable_error_detail()->set_message(ToAscii(error.message()));
  }
  return proto.SerializeAsString();
}

}  // namespace mesh::xds
