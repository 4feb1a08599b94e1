#include "mesh/xds/resources/common.h"

#include <arpa/inet.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "mesh/xds/resources/parse_cost.h"

namespace mesh::xds {
namespace {

constexpr int64_t kMaxDurationSeconds = 315'576'000'000;  // google/protobuf/duration.proto
constexpr int32_t kNanosPerSecond = 1'000'000'000;
constexpr int kTcp = 0;           // envoy.config.core.v3.SocketAddress.Protocol
constexpr int kApiVersionV2 = 1;  // envoy.config.core.v3.ApiVersion

// Whether `name` may be a host name: enough to keep what could not be resolved, or would be
// mistaken for something else, out of addresses.
bool IsHostName(absl::string_view name) {
  if (name.size() > 253) return false;  // RFC 1035
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '.' && c != '_') {
      return false;
    }
  }
  return true;
}

std::string DecodeSocketAddress(const proto::SocketAddress& address, Decoding* decoding) {
  FieldErrors& errors = decoding->errors;
  if (address.protocol() != kTcp && !decoding->grpc()) {
    errors.Add("protocol", address.protocol() == 1
                               ? std::string("UDP is not supported")
                               : absl::StrCat("unknown value ", address.protocol()));
  }
  if (address.port_value() > 65535) {
    errors.Add("port_value", absl::StrCat("port ", address.port_value(), " is out of range"));
  }
  const std::string& host = address.address();
  in6_addr binary;
  if (host.find('\0') == std::string::npos) {  // inet_pton reads up to a zero
    if (inet_pton(AF_INET, host.c_str(), &binary) == 1) {
      return absl::StrCat(host, ":", address.port_value());
    }
    if (inet_pton(AF_INET6, host.c_str(), &binary) == 1) {
      char text[INET6_ADDRSTRLEN];  // in the one form that all spellings have
      inet_ntop(AF_INET6, &binary, text, sizeof(text));
      return absl::StrCat("[", text, "]:", address.port_value());
    }
  }
  if (host.empty()) {
    errors.Add("address", "empty");
  } else if (!IsHostName(host)) {
    errors.Add("address", "neither an IP address nor a host name");
  }
  return absl::StrCat(host, ":", address.port_value());
}

}  // namespace

absl::string_view TypeName(const proto::Any& any) {
  const absl::string_view url = any.type_url();
  const size_t slash = url.rfind('/');
  return slash == absl::string_view::npos ? url : url.substr(slash + 1);
}

bool ParseAny(const proto::Any& any, google::protobuf::Message* message, Decoding* decoding) {
  if (IsTooCostly(message->GetDescriptor(), any.value())) {
    decoding->errors.Add(absl::StrCat("too many fields for the size of a ", TypeName(any)));
    return false;
  }
  if (message->ParseFromString(any.value())) return true;
  decoding->errors.Add(absl::StrCat("the bytes are not a ", TypeName(any)));
  return false;
}

absl::Duration DecodeDuration(const google::protobuf::Duration& duration, Decoding* decoding) {
  const int64_t seconds = duration.seconds();
  const int32_t nanos = duration.nanos();
  if (seconds < 0 || nanos < 0) {
    decoding->errors.Add("negative");
  } else if (seconds > kMaxDurationSeconds || nanos >= kNanosPerSecond) {
    decoding->errors.Add("out of range");
  }
  return absl::Seconds(seconds) + absl::Nanoseconds(nanos);
}

double DecodePercent(const proto::Percent& percent, Decoding* decoding) {
  const double value = percent.value();
  if (!(value >= 0 && value <= 100)) {  // so that what is no number is found, too
    decoding->errors.Add("value", absl::StrCat(value, " is not within 0 to 100 percent"));
  }
  return value;
}

std::string NotSupported(int value, absl::string_view name) {
  return name.empty() ? absl::StrCat("unknown value ", value, " is not supported")
                      : absl::StrCat(name, " is not supported");
}

void CheckHeaderText(absl::string_view element, absl::string_view text, Decoding* decoding) {
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || absl::ascii_isgraph(byte)) continue;
    return decoding->errors.Add(element, "has spaces or control characters");
  }
}

void CheckConfigSource(const proto::ConfigSource& source, Decoding* decoding) {
  if (source.config_source_specifier_case() ==
      proto::ConfigSource::CONFIG_SOURCE_SPECIFIER_NOT_SET) {
    decoding->errors.Add("neither ads nor self");
  }
  const int version = source.resource_api_version();
  if (version == kApiVersionV2 && !decoding->grpc()) {
    decoding->errors.Add("resource_api_version", "V2 is not supported");
  }
}

std::string DecodeAddress(const proto::Address& address, Decoding* decoding) {
  switch (address.address_case()) {
    case proto::Address::kSocketAddress: {
      const FieldErrors::Scope scope(&decoding->errors, "socket_address");
      return DecodeSocketAddress(address.socket_address(), decoding);
    }
    case proto::Address::kPipe: {
      const std::string& path = address.pipe().path();
      if (path.empty() || path[0] != '/' || path.find('\0') != std::string::npos) {
        decoding->errors.Add("pipe.path", "not an absolute path");
      }
      return absl::StrCat("unix:", path);
    }
    case proto::Address::ADDRESS_NOT_SET:
      decoding->errors.Add("neither a socket_address nor a pipe");
      return std::string();
  }
  return std::string();
}

}  // namespace mesh::xds
