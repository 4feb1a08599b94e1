#ifndef MESH_XDS_RESOURCES_DECLARED_FIELDS_H_
#define MESH_XDS_RESOURCES_DECLARED_FIELDS_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "mesh/model/profile.h"

namespace mesh::xds {

// What becomes of a field that a resource carries.
enum class Disposition {
  kHonoured,        // does what it says
  kAdvisory,        // does nothing here, and is listed by name
  kMustUnderstand,  // the resource is refused, with the field's path
};
absl::string_view ToString(Disposition disposition);

// One field of an xDS message. The decoders obey these declarations, the documentation is made of
// them, and a test that sets every field holds them to it. Immutable.
struct FieldDeclaration {
  // The same, but advisory in Profile::kGrpc, where gRPC accepts the field and ignores it.
  constexpr FieldDeclaration AdvisoryInGrpc(absl::string_view why = "as in gRPC") const {
    return {number, name, disposition, Disposition::kAdvisory, reason, why};
  }

  Disposition In(Profile profile) const {
    return profile == Profile::kGrpc ? grpc_disposition : disposition;
  }

  int number;
  absl::string_view name;
  Disposition disposition;       // in kMesh and kEnvoy
  Disposition grpc_disposition;  // in kGrpc
  absl::string_view reason;      // why, or a note on what is honoured
  absl::string_view grpc_reason;
};

// A field that does what it says, with a note on how far.
constexpr FieldDeclaration Honoured(int number, absl::string_view name,
                                    absl::string_view note = "") {
  return {number, name, Disposition::kHonoured, Disposition::kHonoured, note, ""};
}
// A field that does nothing here, and why.
constexpr FieldDeclaration Advisory(int number, absl::string_view name, absl::string_view reason) {
  return {number, name, Disposition::kAdvisory, Disposition::kAdvisory, reason, ""};
}
// A field that must be understood, and is not: why.
constexpr FieldDeclaration Refused(int number, absl::string_view name, absl::string_view reason) {
  return {number, name, Disposition::kMustUnderstand, Disposition::kMustUnderstand, reason, ""};
}

// The fields of a message that the decoders read, all that are known. A field that is not here is
// advisory. Immutable.
struct MessageDeclaration {
  absl::string_view message;   // within mesh.xds.proto: `Cluster.EdsClusterConfig`
  absl::string_view official;  // `envoy.config.cluster.v3.Cluster.EdsClusterConfig`
  absl::Span<const FieldDeclaration> fields;
};

absl::Span<const MessageDeclaration> CoreFields();
absl::Span<const MessageDeclaration> ListenerFields();
absl::Span<const MessageDeclaration> RouteFields();
absl::Span<const MessageDeclaration> ClusterFields();
absl::Span<const MessageDeclaration> BalancingFields();
absl::Span<const MessageDeclaration> LimitFields();
absl::Span<const MessageDeclaration> ConnectionFields();
absl::Span<const MessageDeclaration> HealthCheckFields();
absl::Span<const MessageDeclaration> EndpointFields();
// All of them.
std::vector<MessageDeclaration> AllFields();

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_DECLARED_FIELDS_H_
