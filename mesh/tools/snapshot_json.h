#ifndef MESH_TOOLS_SNAPSHOT_JSON_H_
#define MESH_TOOLS_SNAPSHOT_JSON_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "mesh/model/snapshot.h"
#include "mesh/tools/json_text.h"

namespace mesh::tools {

// Parts of an object under way, with the names of Snapshot's fields: each adds one key, or the
// keys of the object that it names, but for brackets.

void WriteControlPlanes(const std::vector<Snapshot::ControlPlane>& planes, JsonText* json);
void WriteResources(const std::vector<Snapshot::Resource>& resources, JsonText* json);
void WriteRoute(const Snapshot::Route& route, JsonText* json);
void WriteShare(const Snapshot::Share& share, JsonText* json);
// All but the name.
void WriteCluster(const Snapshot::Cluster& cluster, JsonText* json);
void WriteStrings(absl::string_view key, const std::vector<std::string>& values, JsonText* json);

}  // namespace mesh::tools

#endif  // MESH_TOOLS_SNAPSHOT_JSON_H_
