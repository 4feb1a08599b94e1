#ifndef MESH_TOOLS_SNAPSHOT_TEXT_H_
#define MESH_TOOLS_SNAPSHOT_TEXT_H_

#include <string>
#include <vector>

#include "mesh/model/snapshot.h"

namespace mesh::tools {

// One JSON object on one line; the names are those of Snapshot's fields.
std::string SnapshotJson(const Snapshot& snapshot);

// One line a fact, each complete in itself, so that a changed fact is a changed line.
std::vector<std::string> SnapshotLines(const Snapshot& snapshot);

// What changed from one list of lines to the next: `- old` and `+ new` lines, in order.
std::vector<std::string> ChangedLines(const std::vector<std::string>& before,
                                      const std::vector<std::string>& after);

}  // namespace mesh::tools

#endif  // MESH_TOOLS_SNAPSHOT_TEXT_H_
