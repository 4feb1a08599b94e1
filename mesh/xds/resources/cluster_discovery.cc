#include "mesh/xds/resources/cluster_discovery.h"

#include <arpa/inet.h>

#include <cstddef>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "mesh/model/endpoints.h"
#include "mesh/xds/resources/cluster_load_assignment.h"
#include "mesh/xds/resources/common.h"

namespace mesh::xds {
namespace {

std::string NameOf(proto::Cluster::DiscoveryType type) {
  const std::string& name = proto::Cluster::DiscoveryType_Name(type);
  return name.empty() ? absl::StrCat("unknown value ", static_cast<int>(type)) : name;
}

void Refuse(const proto::Cluster& cluster, Decoding* decoding) {
  decoding->errors.Add("type", absl::StrCat(NameOf(cluster.type()), " is not supported"));
}

void DecodeEds(const proto::Cluster& cluster, Decoding* decoding, model::Cluster* result) {
  FieldErrors& errors = decoding->errors;
  const std::string& service_name = cluster.eds_cluster_config().service_name();
  result->type = model::ClusterType::kEds;
  result->eds_service_name = service_name.empty() ? cluster.name() : service_name;
  if (!cluster.eds_cluster_config().has_eds_config()) {
    errors.Add("eds_cluster_config.eds_config", "missing");
  } else {
    const FieldErrors::Scope scope(&errors, "eds_cluster_config.eds_config");
    CheckConfigSource(cluster.eds_cluster_config().eds_config(), decoding);
  }
  if (absl::StartsWith(cluster.name(), "xdstp:") && service_name.empty()) {
    errors.Add("eds_cluster_config.service_name", "empty, in a cluster of a federated name");
  }
  if (cluster.has_load_assignment()) decoding->Ignore("load_assignment");
}

// Calls `check` with each address of the cluster's own endpoints, at its path.
// REQUIRES: nothing was wrong with them.
void ForEachAddress(const model::ClusterLoadAssignment& assignment, Decoding* decoding,
                    absl::FunctionRef<void(absl::string_view address)> check) {
  const FieldErrors::Scope scope(&decoding->errors, "load_assignment");
  for (size_t i = 0; i < assignment.localities.size(); ++i) {
    const FieldErrors::Scope locality(&decoding->errors, "endpoints", i);
    size_t index = 0;
    assignment.localities[i]->endpoints.ForEach([&](const model::EndpointConfig& config) {
      const FieldErrors::Scope endpoint(&decoding->errors, "lb_endpoints", index++);
      const FieldErrors::Scope address(&decoding->errors, "endpoint.address");
      check(config.address);
    });
  }
}

// Whether `address`, as DecodeAddress() gives it, is a name that is to be resolved.
bool IsName(absl::string_view address) {
  if (absl::StartsWith(address, "unix:") || absl::StartsWith(address, "[")) return false;
  in_addr binary;
  return inet_pton(AF_INET, std::string(address.substr(0, address.rfind(':'))).c_str(), &binary) !=
         1;
}

// What every type but EDS has: its own endpoints. False if something is wrong with them.
bool DecodeOwnEndpoints(const proto::Cluster& cluster, Decoding* decoding, model::Cluster* result) {
  if (cluster.has_eds_cluster_config()) {
    // envoy upstream_impl.cc: an error; gRPC does not look.
    if (decoding->grpc()) {
      decoding->Ignore("eds_cluster_config");
    } else {
      decoding->errors.Add("eds_cluster_config",
                           absl::StrCat("set in a cluster of type ", NameOf(cluster.type())));
    }
  }
  if (!cluster.has_load_assignment()) {
    result->load_assignment = std::make_shared<const model::ClusterLoadAssignment>();
    return true;
  }
  const size_t errors = decoding->errors.size();
  result->load_assignment = DecodeLoadAssignment(cluster.load_assignment(), decoding);
  return decoding->errors.size() == errors;
}

void DecodeStatic(const proto::Cluster& cluster, Decoding* decoding, model::Cluster* result) {
  result->type = model::ClusterType::kStatic;
  if (!DecodeOwnEndpoints(cluster, decoding, result)) return;
  ForEachAddress(*result->load_assignment, decoding, [decoding](absl::string_view address) {
    if (!IsName(address)) return;
    decoding->errors.Add("socket_address.address",
                         absl::StrCat("\"", address.substr(0, address.rfind(':')),
                                      "\" is no IP address; clusters of type STRICT_DNS and "
                                      "LOGICAL_DNS have names"));
  });
}

}  // namespace

void DecodeDiscovery(const proto::Cluster& cluster, Decoding* decoding, model::Cluster* result) {
  if (cluster.has_cluster_type()) return;  // refused already
  switch (cluster.type()) {
    case proto::Cluster::EDS:
      return DecodeEds(cluster, decoding, result);
    case proto::Cluster::STATIC:
      return decoding->grpc() ? Refuse(cluster, decoding) : DecodeStatic(cluster, decoding, result);
    case proto::Cluster::STRICT_DNS:
    case proto::Cluster::LOGICAL_DNS:
    case proto::Cluster::ORIGINAL_DST:
      break;
    default:  // the enum is open
      break;
  }
  Refuse(cluster, decoding);
}

}  // namespace mesh::xds
