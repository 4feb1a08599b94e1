#ifndef MESH_TOOLS_EXPLANATION_TEXT_H_
#define MESH_TOOLS_EXPLANATION_TEXT_H_

#include <string>

#include "mesh/model/explanation.h"

namespace mesh::tools {

// One JSON object on one line. The names are those of Explanation's fields, stable, with these
// differences: `call` is {"path", "metadata": [{"key", "value"}]}; `outcome` is its word; a route
// and a cluster have the fields of their Snapshot namesakes at their side; `shares`, beside
// `clusters`, says what each endpoint that gets calls would get of all: {"cluster", "locality",
// "priority", "address", "share": a fraction of 1}.
std::string ExplanationJson(const Explanation& explanation);

// For a person to read: aligned lines.
std::string ExplanationText(const Explanation& explanation);

}  // namespace mesh::tools

#endif  // MESH_TOOLS_EXPLANATION_TEXT_H_
