#include "mesh/mesh.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "mesh/runtime.h"
#include "mesh/xds/bootstrap.h"

namespace mesh {
namespace {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return absl::InvalidArgumentError(
        absl::StrCat("bootstrap: file \"", path, "\": ", std::strerror(errno)));
  }
  return text.str();
}

// None where the options name none.
absl::StatusOr<std::optional<xds::Bootstrap>> ReadBootstrap(const Options& options) {
  std::string json = options.bootstrap_json;
  if (json.empty()) {
    if (options.bootstrap_path.empty()) return std::optional<xds::Bootstrap>();
    absl::StatusOr<std::string> text = ReadFile(options.bootstrap_path);
    if (!text.ok()) return text.status();
    json = *std::move(text);
  }
  absl::StatusOr<xds::Bootstrap> bootstrap = xds::Bootstrap::FromJson(json);
  if (!bootstrap.ok()) return bootstrap.status();
  return std::optional<xds::Bootstrap>(*std::move(bootstrap));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Mesh>> Mesh::Create(Options options) {
  absl::StatusOr<std::optional<xds::Bootstrap>> bootstrap = ReadBootstrap(options);
  if (!bootstrap.ok()) return bootstrap.status();
  return std::unique_ptr<Mesh>(
      std::make_unique<Runtime>(std::move(options), *std::move(bootstrap)));
}

}  // namespace mesh
