#ifndef MESH_MODEL_PROFILE_H_
#define MESH_MODEL_PROFILE_H_

namespace mesh {

// Whose rules decide where Envoy and gRPC disagree about the meaning of a resource. Read only by
// the decoders, which turn it into explicit fields of the model.
enum class Profile {
  kMesh,   // Envoy's rules, but locality weights count whenever one is above 0, and a route
           // without a timeout has none
  kEnvoy,  // Envoy's rules to the letter
  kGrpc,   // what gRPC's own xds: channel does (gRFC A27 and later)
};

}  // namespace mesh

#endif  // MESH_MODEL_PROFILE_H_
