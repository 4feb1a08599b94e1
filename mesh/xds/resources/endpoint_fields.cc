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
    Advisory(2, "drop_overloads", "checked; drops are not there yet"),
    Advisory(3, "overprovisioning_factor", "checked; the first usable priority takes all calls"),
    Advisory(4, "endpoint_stale_after", "endpoints are kept until the next update"),
    Advisory(6, "weighted_priority_health", "the first usable priority takes all calls"),
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
    Advisory(3, "metadata", "nothing reads it yet"),
    Honoured(4, "load_balancing_weight", "absent: 1"),
    Refused(5, "endpoint_name", "an endpoint must have an address"),
};

constexpr FieldDeclaration kEndpoint[] = {
    Honoured(1, "address"),
    Advisory(2, "health_check_config", "active health checks are not there yet"),
    Advisory(3, "hostname", "the authority is not rewritten yet"),
    Advisory(4, "additional_addresses", "checked in grpc; one address for each endpoint"),
};

constexpr MessageDeclaration kMessages[] = {
    {"ClusterLoadAssignment", "envoy.config.endpoint.v3.ClusterLoadAssignment",
     kClusterLoadAssignment},
    {"ClusterLoadAssignment.Policy", "envoy.config.endpoint.v3.ClusterLoadAssignment.Policy",
     kClusterLoadAssignmentPolicy},
    {"LocalityLbEndpoints", "envoy.config.endpoint.v3.LocalityLbEndpoints", kLocalityLbEndpoints},
    {"LbEndpoint", "envoy.config.endpoint.v3.LbEndpoint", kLbEndpoint},
    {"Endpoint", "envoy.config.endpoint.v3.Endpoint", kEndpoint},
};

}  // namespace

absl::Span<const MessageDeclaration> EndpointFields() { return kMessages; }

}  // namespace mesh::xds
