#include "mesh/xds/resources/cluster_discovery.h"

#include <arpa/inet.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "mesh/model/endpoints.h"
#include "mesh/xds/resources/cluster_load_assignment.h"
#include "mesh/xds/resources/common.h"

namespace mesh::xds {
namespace {

// Far more than anybody has. Each name is asked for again and again.
constexpr int kMostAggregated = 1000;

std::string NameOf(proto::Cluster::DiscoveryType type) {
  const std::string& name = proto::Cluster::DiscoveryType_Name(type);
  return name.empty() ? absl::StrCat("unknown value ", static_cast<int>(type)) : name;
}

void Refuse(const proto::Cluster& cluster, Decoding* decoding) {
  decoding->errors.Add("type", absl::StrCat(NameOf(cluster.type()), " is not supported"));
}

// Only clusters of type EDS have its configuration (envoy upstream_impl.cc); gRPC does not look.
void CheckNoEds(const proto::Cluster& cluster, absl::string_view type, Decoding* decoding) {
  if (!cluster.has_eds_cluster_config()) return;
  if (decoding->grpc()) {
    decoding->Ignore("eds_cluster_config");
  } else {
    decoding->errors.Add("eds_cluster_config", absl::StrCat("set in a cluster of type ", type));
  }
}

// What only clusters look at whose endpoints may have names. (In kGrpc nothing does, and it is
// listed.)
void IgnoreDns(const proto::Cluster& cluster, Decoding* decoding) {
  if (cluster.has_dns_refresh_rate()) decoding->Ignore("dns_refresh_rate");
  if (cluster.dns_lookup_family() != 0) decoding->Ignore("dns_lookup_family");
  if (cluster.respect_dns_ttl()) decoding->Ignore("respect_dns_ttl");
  if (cluster.has_dns_failure_refresh_rate()) decoding->Ignore("dns_failure_refresh_rate");
  if (cluster.has_dns_jitter()) decoding->Ignore("dns_jitter");
}

// An address as DecodeAddress() gives it, in its parts.
struct HostAndPort {
  explicit HostAndPort(absl::string_view address)
      : host(address.substr(0, address.rfind(':'))),
        port(address.substr(address.rfind(':') + 1)),
        is_path(absl::StartsWith(address, "unix:")) {
    in_addr binary;
    is_name = !is_path && !absl::StartsWith(address, "[") &&
              inet_pton(AF_INET, std::string(host).c_str(), &binary) != 1;
  }
  // Digits and dots alone are meant to be an IP address.
  bool looks_numeric() const {
    return host.find_first_not_of("0123456789.") == absl::string_view::npos;
  }

  const absl::string_view host;
  const absl::string_view port;
  const bool is_path;
  bool is_name;  // that is to be resolved
};

// Calls `check` with each address of the cluster's own endpoints, at its path.
// REQUIRES: nothing was wrong with them.
void ForEachAddress(const model::ClusterLoadAssignment& assignment, Decoding* decoding,
                    absl::FunctionRef<void(const HostAndPort& address)> check) {
  const FieldErrors::Scope scope(&decoding->errors, "load_assignment");
  for (size_t i = 0; i < assignment.localities.size(); ++i) {
    const FieldErrors::Scope locality(&decoding->errors, "endpoints", i);
    size_t index = 0;
    assignment.localities[i]->endpoints.ForEach([&](const model::EndpointConfig& config) {
      const FieldErrors::Scope endpoint(&decoding->errors, "lb_endpoints", index++);
      const FieldErrors::Scope address(&decoding->errors, "endpoint.address");
      check(HostAndPort(config.address));
    });
  }
}

// What every type but EDS has: its own endpoints. False if something is wrong with them.
bool DecodeOwnEndpoints(const proto::Cluster& cluster, Decoding* decoding, model::Cluster* result) {
  CheckNoEds(cluster, NameOf(cluster.type()), decoding);
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
  IgnoreDns(cluster, decoding);
  if (!DecodeOwnEndpoints(cluster, decoding, result)) return;
  ForEachAddress(*result->load_assignment, decoding, [decoding](const HostAndPort& address) {
    if (!address.is_name) return;
    decoding->errors.Add("socket_address.address",
                         absl::StrCat("\"", address.host,
                                      "\" is no IP address; clusters of type STRICT_DNS and "
                                      "LOGICAL_DNS have names"));
  });
}

// `absent` if the field is not there. Envoy wants more than a millisecond.
absl::Duration DecodeRate(const google::protobuf::Duration& rate, bool has, absl::Duration absent,
                          absl::string_view field, Decoding* decoding) {
  if (!has) return absent;
  const FieldErrors::Scope scope(&decoding->errors, field);
  const absl::Duration result = DecodeDuration(rate, decoding);
  if (result >= absl::ZeroDuration() && result <= absl::Milliseconds(1)) {
    decoding->errors.Add("not more than 1 ms");
  }
  return result;
}

model::DnsOptions::Family DecodeFamily(const proto::Cluster& cluster, Decoding* decoding) {
  using Family = model::DnsOptions::Family;
  switch (cluster.dns_lookup_family()) {
    case proto::Cluster::AUTO:
      return Family::kAuto;
    case proto::Cluster::V4_ONLY:
      return Family::kV4Only;
    case proto::Cluster::V6_ONLY:
      return Family::kV6Only;
    case proto::Cluster::V4_PREFERRED:
      return Family::kV4Preferred;
    case proto::Cluster::ALL:
      return Family::kAll;
    default:  // the enum is open
      break;
  }
  decoding->errors.Add(
      "dns_lookup_family",
      absl::StrCat("unknown value ", static_cast<int>(cluster.dns_lookup_family())));
  return Family::kAuto;
}

// gRPC's DNS resolver: every 30 s at most, a back-off from 1 s to 120 s, addresses of both kinds.
model::DnsOptions GrpcDns() {
  model::DnsOptions dns;
  dns.family = model::DnsOptions::Family::kAll;
  dns.refresh_rate = absl::Seconds(30);
  dns.failure_refresh_rate = absl::Seconds(1);
  dns.max_failure_refresh_rate = absl::Seconds(120);
  return dns;
}

model::DnsOptions DecodeDnsOptions(const proto::Cluster& cluster, Decoding* decoding) {
  if (decoding->grpc()) return GrpcDns();
  model::DnsOptions dns;
  dns.family = DecodeFamily(cluster, decoding);
  dns.refresh_rate = DecodeRate(cluster.dns_refresh_rate(), cluster.has_dns_refresh_rate(),
                                dns.refresh_rate, "dns_refresh_rate", decoding);
  dns.respect_ttl = cluster.respect_dns_ttl();
  {
    const FieldErrors::Scope scope(&decoding->errors, "dns_jitter");
    dns.jitter = DecodeDuration(cluster.dns_jitter(), decoding);
  }
  dns.failure_refresh_rate = dns.max_failure_refresh_rate = dns.refresh_rate;
  if (!cluster.has_dns_failure_refresh_rate()) return dns;
  const FieldErrors::Scope scope(&decoding->errors, "dns_failure_refresh_rate");
  const proto::Cluster::RefreshRate& failure = cluster.dns_failure_refresh_rate();
  if (!failure.has_base_interval()) decoding->errors.Add("base_interval", "missing");
  dns.failure_refresh_rate = DecodeRate(failure.base_interval(), failure.has_base_interval(),
                                        dns.refresh_rate, "base_interval", decoding);
  dns.max_failure_refresh_rate =
      DecodeRate(failure.max_interval(), failure.has_max_interval(), 10 * dns.failure_refresh_rate,
                 "max_interval", decoding);
  if (dns.max_failure_refresh_rate < dns.failure_refresh_rate) {
    decoding->errors.Add("max_interval", "less than base_interval");
  }
  return dns;
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
  if (decoding->grpc()) IgnoreDns(cluster, decoding);
  result->dns = DecodeDnsOptions(cluster, decoding);
}

void CheckNames(const model::ClusterLoadAssignment& assignment, absl::string_view type,
                Decoding* decoding) {
  FieldErrors& errors = decoding->errors;
  ForEachAddress(assignment, decoding, [&](const HostAndPort& address) {
    if (address.is_path) {
      errors.Add("pipe", absl::StrCat("in a cluster of type ", type));
      return;
    }
    const FieldErrors::Scope scope(&errors, "socket_address");
    if (address.port == "0") errors.Add("port_value", "missing");
    if (address.is_name && address.looks_numeric()) {
      errors.Add("address",
                 absl::StrCat("\"", address.host, "\" is neither an IP address nor a name"));
    }
  });
}

// One locality with one endpoint; gRPC refuses a resolver of its own too (gRFC A37).
void CheckOneEndpoint(const proto::Cluster& cluster, const model::ClusterLoadAssignment& assignment,
                      Decoding* decoding) {
  constexpr absl::string_view kResolverName =
      "load_assignment.endpoints.lb_endpoints.endpoint.address.socket_address.resolver_name";
  FieldErrors& errors = decoding->errors;
  if (!cluster.has_load_assignment()) {
    errors.Add("load_assignment", "missing");
  } else if (assignment.localities.size() != 1) {
    errors.Add("load_assignment.endpoints",
               absl::StrCat(assignment.localities.size(), " localities, but LOGICAL_DNS has one"));
  } else if (assignment.endpoint_count() != 1) {
    errors.Add("load_assignment.endpoints[0].lb_endpoints",
               absl::StrCat(assignment.endpoint_count(), " endpoints, but LOGICAL_DNS has one"));
  }
  for (const std::string& field : decoding->ignored()) {
    if (field == kResolverName) errors.Add(kResolverName, "not supported in LOGICAL_DNS");
  }
}

void DecodeDns(const proto::Cluster& cluster, Decoding* decoding, model::Cluster* result) {
  const bool is_logical = cluster.type() == proto::Cluster::LOGICAL_DNS;
  result->type = is_logical ? model::ClusterType::kLogicalDns : model::ClusterType::kStrictDns;
  result->dns = DecodeDnsOptions(cluster, decoding);
  if (!DecodeOwnEndpoints(cluster, decoding, result)) return;
  if (is_logical) CheckOneEndpoint(cluster, *result->load_assignment, decoding);
  CheckNames(*result->load_assignment, NameOf(cluster.type()), decoding);
}

// Everything else that the cluster has does nothing.
void IgnoreBesidesAggregate(const proto::Cluster& cluster, Decoding* decoding) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  cluster.GetReflection()->ListFields(cluster, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->number() == proto::Cluster::kNameFieldNumber ||
        field->number() == proto::Cluster::kClusterTypeFieldNumber) {
      continue;
    }
    if (field->number() == proto::Cluster::kLbPolicyFieldNumber &&
        cluster.lb_policy() == proto::Cluster::CLUSTER_PROVIDED) {
      continue;
    }
    decoding->Ignore(field->name());
  }
}

void DecodeAggregate(const proto::Cluster& cluster, Decoding* decoding, model::Cluster* result) {
  constexpr absl::string_view kAggregate = "envoy.extensions.clusters.aggregate.v3.ClusterConfig";
  FieldErrors& errors = decoding->errors;
  result->type = model::ClusterType::kAggregate;
  if (!decoding->grpc()) CheckNoEds(cluster, "aggregate", decoding);
  IgnoreBesidesAggregate(cluster, decoding);
  if (decoding->profile() == Profile::kEnvoy &&
      cluster.lb_policy() != proto::Cluster::CLUSTER_PROVIDED &&
      !cluster.has_load_balancing_policy()) {
    errors.Add("lb_policy", "not CLUSTER_PROVIDED, in an aggregate");
  }
  const FieldErrors::Scope type(&errors, "cluster_type");
  const proto::Any& any = cluster.cluster_type().typed_config();
  if (TypeName(any) != kAggregate) {
    errors.Add(absl::StrCat("\"", TypeName(any), "\" is not supported, only \"", kAggregate, "\""));
    return;
  }
  const FieldErrors::Scope scope(&errors, "typed_config");
  proto::AggregateClusterConfig config;
  if (!ParseAny(any, &config, decoding)) return;
  decoding->Check(config);
  if (config.clusters().empty()) errors.Add("clusters", "empty");
  if (config.clusters_size() > kMostAggregated) {
    errors.Add("clusters", absl::StrCat("more than ", kMostAggregated));
    return;
  }
  for (int i = 0; i < config.clusters_size(); ++i) {
    const FieldErrors::Scope element(&errors, "clusters", i);
    const std::string& child = config.clusters(i);
    if (child.empty()) errors.Add("empty");
    // In gRPC a cycle of one, like any other, is no fault of the resource.
    if (child == cluster.name() && !decoding->grpc()) errors.Add("the cluster itself");
    result->aggregated.push_back(child);
  }
}

}  // namespace

void DecodeDiscovery(const proto::Cluster& cluster, Decoding* decoding, model::Cluster* result) {
  if (cluster.has_cluster_type()) return DecodeAggregate(cluster, decoding, result);
  switch (cluster.type()) {
    case proto::Cluster::EDS:
      return DecodeEds(cluster, decoding, result);
    case proto::Cluster::STATIC:
      return decoding->grpc() ? Refuse(cluster, decoding) : DecodeStatic(cluster, decoding, result);
    case proto::Cluster::STRICT_DNS:
      return decoding->grpc() ? Refuse(cluster, decoding) : DecodeDns(cluster, decoding, result);
    case proto::Cluster::LOGICAL_DNS:
      return DecodeDns(cluster, decoding, result);
    case proto::Cluster::ORIGINAL_DST:
      break;
    default:  // the enum is open
      break;
  }
  Refuse(cluster, decoding);
}

void BalanceByType(model::Cluster* result) {
  if (result->type != model::ClusterType::kLogicalDns) return;
  result->balancing = model::LoadBalancing();
  result->balancing.policy = model::LbPolicy::kPickFirst;
  result->locality_weighting = model::LocalityWeighting::kIgnored;
}

}  // namespace mesh::xds
