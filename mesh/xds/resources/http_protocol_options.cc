#include "mesh/xds/resources/http_protocol_options.h"

#include "absl/strings/str_cat.h"
#include "mesh/xds/proto/http_protocol_options.pb.h"
#include "mesh/xds/resources/common.h"

namespace mesh::xds {
namespace {

using model::ConnectionKeepalive;
using model::ConnectionOptions;

constexpr absl::string_view kHttpProtocolOptions =
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
constexpr absl::Duration kShortestKeepalive = absl::Milliseconds(1);
constexpr uint32_t kMostStreams = 0x7fffffff;

absl::Duration DecodeKeepaliveTime(absl::string_view field, const google::protobuf::Duration& value,
                                   Decoding* decoding) {
  const FieldErrors::Scope scope(&decoding->errors, field);
  const absl::Duration time = DecodeDuration(value, decoding);
  if (time >= absl::ZeroDuration() && time < kShortestKeepalive) {
    decoding->errors.Add("less than 1 ms");
  }
  return time;
}

ConnectionKeepalive DecodeKeepalive(const proto::KeepaliveSettings& settings, Decoding* decoding) {
  ConnectionKeepalive result;
  if (settings.has_interval()) {
    result.interval = DecodeKeepaliveTime("interval", settings.interval(), decoding);
  }
  if (settings.has_interval_jitter()) {
    const FieldErrors::Scope scope(&decoding->errors, "interval_jitter");
    result.jitter_percent = DecodePercent(settings.interval_jitter(), decoding);
  }
  if (settings.has_timeout()) {
    result.timeout = DecodeKeepaliveTime("timeout", settings.timeout(), decoding);
  } else {
    decoding->errors.Add("timeout", "missing");
  }
  return result;
}

// 0 is for ever.
absl::Duration DecodeLongest(absl::string_view field, const google::protobuf::Duration& value,
                             Decoding* decoding) {
  const FieldErrors::Scope scope(&decoding->errors, field);
  const absl::Duration time = DecodeDuration(value, decoding);
  return time == absl::ZeroDuration() ? absl::InfiniteDuration() : time;
}

void DecodeCommon(const proto::HttpProtocolOptions& options, Decoding* decoding,
                  ConnectionOptions* connections) {
  const FieldErrors::Scope common(&decoding->errors, "common_http_protocol_options");
  connections->max_duration =
      DecodeLongest("max_connection_duration", options.max_connection_duration(), decoding);
  if (options.has_idle_timeout()) {
    connections->idle_timeout = DecodeLongest("idle_timeout", options.idle_timeout(), decoding);
  }
  if (options.has_max_requests_per_connection()) {
    connections->max_calls = options.max_requests_per_connection().value();
  }
}

void DecodeHttp2(const proto::Http2ProtocolOptions& options, Decoding* decoding,
                 ConnectionOptions* connections) {
  const FieldErrors::Scope http2(&decoding->errors, "http2_protocol_options");
  if (options.has_max_concurrent_streams()) {
    const uint32_t streams = options.max_concurrent_streams().value();
    if (streams == 0 || streams > kMostStreams) {
      decoding->errors.Add("max_concurrent_streams",
                           absl::StrCat(streams, " is not within 1 to ", kMostStreams));
    }
    connections->max_concurrent_calls = streams;
  }
  if (options.has_connection_keepalive()) {
    const FieldErrors::Scope scope(&decoding->errors, "connection_keepalive");
    connections->keepalive = DecodeKeepalive(options.connection_keepalive(), decoding);
  }
}

void DecodeExtension(const proto::UpstreamHttpProtocolOptions& options, Decoding* decoding,
                     ConnectionOptions* connections) {
  DecodeCommon(options.common_http_protocol_options(), decoding, connections);
  switch (options.upstream_protocol_options_case()) {
    case proto::UpstreamHttpProtocolOptions::kExplicitHttpConfig: {
      const FieldErrors::Scope scope(&decoding->errors, "explicit_http_config");
      return DecodeHttp2(options.explicit_http_config().http2_protocol_options(), decoding,
                         connections);
    }
    case proto::UpstreamHttpProtocolOptions::kUseDownstreamProtocolConfig: {
      const FieldErrors::Scope scope(&decoding->errors, "use_downstream_protocol_config");
      return DecodeHttp2(options.use_downstream_protocol_config().http2_protocol_options(),
                         decoding, connections);
    }
    case proto::UpstreamHttpProtocolOptions::kAutoConfig: {
      const FieldErrors::Scope scope(&decoding->errors, "auto_config");
      return DecodeHttp2(options.auto_config().http2_protocol_options(), decoding, connections);
    }
    case proto::UpstreamHttpProtocolOptions::UPSTREAM_PROTOCOL_OPTIONS_NOT_SET:
      return;
  }
}

// Whether they are there.
bool DecodeExtensions(const proto::Cluster& cluster, Decoding* decoding,
                      ConnectionOptions* connections) {
  bool there = false;
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
    there = true;
    DecodeExtension(options, decoding, connections);
  }
  return there;
}

}  // namespace

void DecodeHttpProtocolOptions(const proto::Cluster& cluster, Decoding* decoding,
                               ConnectionOptions* connections) {
  // For both, where common_http_protocol_options says nothing of it.
  connections->max_calls = cluster.max_requests_per_connection().value();
  // Checked even where they do nothing.
  ConnectionOptions own = *connections;
  DecodeCommon(cluster.common_http_protocol_options(), decoding, &own);
  DecodeHttp2(cluster.http2_protocol_options(), decoding, &own);
  if (!DecodeExtensions(cluster, decoding, connections)) {
    *connections = own;
    return;
  }
  constexpr absl::string_view kBeside = ", beside typed_extension_protocol_options";
  if (cluster.has_common_http_protocol_options()) {
    decoding->Ignore(absl::StrCat("common_http_protocol_options", kBeside));
  }
  if (cluster.has_http2_protocol_options()) {
    decoding->Ignore(absl::StrCat("http2_protocol_options", kBeside));
  }
}

}  // namespace mesh::xds
