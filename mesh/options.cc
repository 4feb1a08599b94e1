#include <cstdlib>

#include "mesh/mesh.h"

namespace mesh {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Options Options::FromEnvironment() {
  Options options;
  options.bootstrap_path = Variable("GRPC_XDS_BOOTSTRAP");
  if (options.bootstrap_path.empty()) {
    options.bootstrap_json = Variable("GRPC_XDS_BOOTSTRAP_CONFIG");
  }
  return options;
}

}  // namespace mesh
