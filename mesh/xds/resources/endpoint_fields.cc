#include "mesh/xds/resources/declared_fields.h"

namespace mesh::xds {
namespace {

constexpr FieldDeclaration kClusterLoadAssignment[] = {
    Honoured(1, "cluster_name"),
    Honoured(2, "endpoints"),
    Honoured(4, "policy"),
    Advisory(5, "named_endpoints", "endpoints are in their localities"),
};

constexpr FieldDeclaration kClusterLoadAssignmentPolicy[] = {
    Honoured(2, "drop_overloads", "128 at most (envoy: one)"),
    Honoured(3, "overprovisioning_factor", "above 0; absent: 140")
        .AdvisoryInGrpc("the first usable priority takes all calls (gRFC A56)"),
    Advisory(4, "endpoint_stale_after", "endpoints are kept until the next update"),
    Honoured(6, "weighted_priority_health")
        .AdvisoryInGrpc("the first usable priority takes all calls (gRFC A56)"),
};

constexpr FieldDeclaration kDropOverload[] = {
    Honoured(1, "category", "not empty"),
    Honoured(2, "drop_percentage", "more than all is all; absent: none"),
};

constexpr FieldDeclaration kLocalityLbEndpoints[] = {
    Honoured(1, "locality"),
    Honoured(2, "lb_endpoints"),
    Honoured(3, "load_balancing_weight",
             "absent or 0: see the cluster (grpc: the locality takes no calls)"),
    Honoured(5, "priority"),
    Advisory(6, "proximity", "nothing reads it yet"),
    Refused(7, "load_balancer_endpoints", "endpoints must be in lb_endpoints").AdvisoryInGrpc(),
    Refused(8, "leds_cluster_locality_config", "endpoints must be in lb_endpoints")
        .AdvisoryInGrpc(),
    Advisory(9, "metadata", "nothing reads it yet"),
};

constexpr FieldDeclaration kLbEndpoint[] = {
    Honoured(1, "endpoint"),
    Honoured(2, "health_status"),
    Honoured(3, "metadata", "envoy.lb: hash_key (gRFC A76), and what subsets are made of"),
    Honoured(4, "load_balancing_weight", "absent: 1 (grpc: ring_hash alone looks at it)"),
    Refused(5, "endpoint_name", "an endpoint must have an address"),
};

constexpr FieldDeclaration kEndpoint[] = {
    Honoured(1, "address"),
    Honoured(2, "health_check_config").AdvisoryInGrpc(),
    Honoured(3, "hostname", "of use_hostname_for_hashing; the authority is not rewritten yet")
        .AdvisoryInGrpc(),
    Honoured(4, "additional_addresses", "15 at most; the first that can be connected is used"),
};

constexpr FieldDeclaration kHealthCheckConfig[] = {
    Honoured(1, "port_value", "of checks by HTTP and TCP; absent or 0: the address's"),
    Honoured(2, "hostname", "goes before the check's own host or authority"),
    Advisory(3, "address", "checks go to the endpoint's own address"),
    Honoured(4, "disable_active_health_check"),
};

constexpr FieldDeclaration kAdditionalAddress[] = {
    Honoured(1, "address"),
};

constexpr MessageDeclaration kMessages[] = {
    {"ClusterLoadAssignment", "envoy.config.endpoint.v3.ClusterLoadAssignment",
     kClusterLoadAssignment},
    {"ClusterLoadAssignment.Policy", "envoy.config.endpoint.v3.ClusterLoadAssignment.Policy",
     kClusterLoadAssignmentPolicy},
    {"ClusterLoadAssignment.Policy.DropOverload",
     "envoy.config.endpoint.v3.ClusterLoadAssignment.Policy.DropOverload", kDropOverload},
    {"LocalityLbEndpoints", "envoy.config.endpoint.v3.LocalityLbEndpoints", kLocalityLbEndpoints},
    {"LbEndpoint", "envoy.config.endpoint.v3.LbEndpoint", kLbEndpoint},
    {"Endpoint", "envoy.config.endpoint.v3.Endpoint", kEndpoint},
    {"Endpoint.AdditionalAddress", "envoy.config.endpoint.v3.Endpoint.AdditionalAddress",
     kAdditionalAddress},
    {"Endpoint.HealthCheckConfig", "envoy.config.endpoint.v3.Endpoint.HealthCheckConfig",
     kHealthCheckConfig},
};

}  // namespace

absl::Span<const MessageDeclaration> EndpointFields() { return kMessages; }

}  // namespace mesh::xds
