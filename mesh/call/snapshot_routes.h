#ifndef MESH_CALL_SNAPSHOT_ROUTES_H_
#define MESH_CALL_SNAPSHOT_ROUTES_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "mesh/model/route.h"
#include "mesh/model/snapshot.h"

namespace mesh::call {

// `UNAVAILABLE`, for 14; the number for what gRPC has no name for.
std::string StatusCodeName(int code);

// The routes of `virtual_host` as text.
std::vector<Snapshot::Route> SnapshotRoutes(const model::VirtualHost& virtual_host);

}  // namespace mesh::call

#endif  // MESH_CALL_SNAPSHOT_ROUTES_H_
