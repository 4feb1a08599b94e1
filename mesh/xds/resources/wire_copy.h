#ifndef MESH_XDS_RESOURCES_WIRE_COPY_H_
#define MESH_XDS_RESOURCES_WIRE_COPY_H_

#include <string>

#include "mesh/xds/wire_format.h"

namespace mesh::xds {

// Appends to `bytes` the field at which `reader` is, serialized.
void AppendField(const WireReader& reader, std::string* bytes);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_WIRE_COPY_H_
