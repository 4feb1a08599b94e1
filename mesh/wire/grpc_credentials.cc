#include "mesh/wire/grpc_credentials.h"

#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mesh::wire {
namespace {

// The error names the bootstrap's field.
absl::Status ReadPem(absl::string_view field, const std::string& path, std::string* text) {
  if (path.empty()) return absl::OkStatus();
  std::ifstream file(path, std::ios::binary);
  text->assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad() || text->empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tls credentials: ", field, " \"", path,
        "\": ", file.is_open() ? "the file is empty or not a file" : "cannot be opened"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(
    const xds::ChannelCredentials& config) {
  if (config.type == xds::ChannelCredentials::Type::kInsecure) {
    return grpc::InsecureChannelCredentials();
  }
  if (config.certificate_file.empty() != config.private_key_file.empty()) {
    return absl::InvalidArgumentError(
        "tls credentials: certificate_file and private_key_file: one is set without the other");
  }
  grpc::SslCredentialsOptions options;
  absl::Status status =
      ReadPem("ca_certificate_file", config.ca_certificate_file, &options.pem_root_certs);
  if (status.ok()) {
    status = ReadPem("certificate_file", config.certificate_file, &options.pem_cert_chain);
  }
  if (status.ok()) {
    status = ReadPem("private_key_file", config.private_key_file, &options.pem_private_key);
  }
  if (!status.ok()) return status;
  return grpc::SslCredentials(options);
}

}  // namespace mesh::wire
