#include "tests/xds/resources/cluster_policies_text.h"

#include "mesh/xds/proto/load_balancing.pb.h"
#include "tests/xds/resources/cluster_text.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {
namespace {

// A policy of a type that we know.
template <typename Message>
std::string Known(const std::string& type, const std::string& fields) {
  return Policy(AnyText(kPolicies + type, Serialized<Message>(fields)));
}

}  // namespace

std::string Policy(const std::string& any) {
  return "policies { typed_extension_config { typed_config " + any + " } } ";
}

std::string RoundRobin(const std::string& fields) {
  return Known<proto::RoundRobin>("round_robin.v3.RoundRobin", fields);
}

std::string Random(const std::string& fields) {
  return Known<proto::Random>("random.v3.Random", fields);
}

std::string LeastRequest(const std::string& fields) {
  return Known<proto::LeastRequest>("least_request.v3.LeastRequest", fields);
}

std::string RingHash(const std::string& fields) {
  return Known<proto::RingHash>("ring_hash.v3.RingHash", fields);
}

std::string Maglev(const std::string& fields) {
  return Known<proto::Maglev>("maglev.v3.Maglev", fields);
}

std::string PickFirst(const std::string& fields) {
  return Known<proto::PickFirst>("pick_first.v3.PickFirst", fields);
}

std::string ClientSideWeightedRoundRobin(const std::string& fields) {
  return Known<proto::ClientSideWeightedRoundRobin>(
      "client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin", fields);
}

std::string WrrLocality(const std::string& policies) {
  return Known<proto::WrrLocality>("wrr_locality.v3.WrrLocality",
                                   "endpoint_picking_policy { " + policies + "}");
}

std::string Unknown() { return Policy(AnyText("example.Policy", "")); }

std::string List(const std::string& policies) {
  return "load_balancing_policy { " + policies + "} ";
}

model::LoadBalancing Balancing(Profile profile, const std::string& fields) {
  return GoodCluster(profile, fields).balancing;
}

}  // namespace mesh::xds
