#ifndef MESH_VERSION_H_
#define MESH_VERSION_H_

namespace mesh {

// What the client tells control planes of itself, and `meshctl` prints.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace mesh

#endif  // MESH_VERSION_H_
