#include "mesh/xds/resources/http_protocol_options.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "mesh/xds/proto/http_protocol_options.pb.h"
#include "mesh/xds/resources/common.h"

namespace mesh::xds {
namespace {

constexpr absl::string_view kHttpProtocolOptions =
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

absl::Duration DecodeDurationOf(const proto::HttpProtocolOptions& options, Decoding* decoding) {
  const FieldErrors::Scope common(&decoding->errors, "common_http_protocol_options");
  const FieldErrors::Scope scope(&decoding->errors, "max_connection_duration");
  const absl::Duration duration = DecodeDuration(options.max_connection_duration(), decoding);
  return duration == absl::ZeroDuration() ? absl::InfiniteDuration() : duration;
}

// Nothing if they are not there.
std::optional<absl::Duration> DecodeExtensions(const proto::Cluster& cluster, Decoding* decoding) {
  std::optional<absl::Duration> result;
  for (const proto::ExtensionProtocolOptions& entry : cluster.typed_extension_protocol_options()) {
    if (TypeName(entry.value()) != kHttpProtocolOptions) {
      decoding->Ignore(absl::StrCat("typed_extension_protocol_options.\"", entry.key(), "\""));
      continue;
    }
    const FieldErrors::Scope scope(
        &decoding->errors, absl::StrCat("typed_extension_protocol_options[\"", entry.key(), "\"]"));
    proto::UpstreamHttpProtocolOptions options;
    if (!ParseAny(entry.value(), &options, decoding)) continue;
    decoding->Check(options);
    result = DecodeDurationOf(options.common_http_protocol_options(), decoding);
  }
  return result;
}

}  // namespace

absl::Duration DecodeMaxConnectionDuration(const proto::Cluster& cluster, Decoding* decoding) {
  const absl::Duration old = DecodeDurationOf(cluster.common_http_protocol_options(), decoding);
  const std::optional<absl::Duration> extended = DecodeExtensions(cluster, decoding);
  if (extended.has_value() && cluster.has_common_http_protocol_options()) {
    decoding->Ignore("common_http_protocol_options, beside typed_extension_protocol_options");
  }
  return extended.value_or(old);
}

}  // namespace mesh::xds
