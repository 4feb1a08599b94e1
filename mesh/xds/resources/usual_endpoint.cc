#include "mesh/xds/resources/usual_endpoint.h"

#include <arpa/inet.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "mesh/xds/wire_format.h"

namespace mesh::xds {
namespace {

constexpr uint64_t kMaxPort = 65535;
constexpr uint64_t kMaxHealthStatus = 5;  // envoy.config.core.v3.HealthStatus.DEGRADED

// The only field of a message, number 1, as bytes.
std::optional<absl::string_view> OnlyBytes(absl::string_view message) {
  WireReader reader(message);
  if (!reader.Next() || !reader.is_bytes(1)) return std::nullopt;
  const absl::string_view value = reader.bytes();
  if (reader.Next() || !reader.ok()) return std::nullopt;
  return value;
}

// `host:port` of an envoy.config.core.v3.SocketAddress.
std::optional<std::string> DecodeSocketAddress(absl::string_view message) {
  std::optional<absl::string_view> host;
  std::optional<uint64_t> port;
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.is_bytes(2) && !host.has_value()) {
      host = reader.bytes();
    } else if (reader.is_varint(3) && !port.has_value() && reader.number() <= kMaxPort) {
      port = reader.number();
    } else {
      return std::nullopt;
    }
  }
  char text[INET_ADDRSTRLEN];
  if (!reader.ok() || !host.has_value() || !port.has_value() || host->size() >= sizeof(text) ||
      host->find('\0') != absl::string_view::npos) {
    return std::nullopt;
  }
  std::memcpy(text, host->data(), host->size());
  text[host->size()] = '\0';
  in_addr binary;
  if (inet_pton(AF_INET, text, &binary) != 1) return std::nullopt;
  return absl::StrCat(*host, ":", *port);
}

// `host:port` of an envoy.config.endpoint.v3.Endpoint.
std::optional<std::string> DecodeEndpoint(absl::string_view message) {
  const std::optional<absl::string_view> address = OnlyBytes(message);
  if (!address.has_value()) return std::nullopt;
  const std::optional<absl::string_view> socket_address = OnlyBytes(*address);
  if (!socket_address.has_value()) return std::nullopt;
  return DecodeSocketAddress(*socket_address);
}

// The value of a google.protobuf.UInt32Value, above 0.
std::optional<uint32_t> DecodeWeight(absl::string_view message) {
  WireReader reader(message);
  if (!reader.Next() || !reader.is_varint(1)) return std::nullopt;
  const uint64_t value = reader.number();
  if (reader.Next() || !reader.ok() || value == 0 || value > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(value);
}

}  // namespace

std::optional<model::EndpointConfig> DecodeUsualEndpoint(absl::string_view bytes) {
  std::optional<std::string> address;
  std::optional<uint64_t> health;
  std::optional<uint32_t> weight;
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.is_bytes(1) && !address.has_value()) {
      address = DecodeEndpoint(reader.bytes());
      if (!address.has_value()) return std::nullopt;
    } else if (reader.is_varint(2) && !health.has_value() && reader.number() <= kMaxHealthStatus) {
      health = reader.number();
    } else if (reader.is_bytes(4) && !weight.has_value()) {
      weight = DecodeWeight(reader.bytes());
      if (!weight.has_value()) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if (!reader.ok() || !address.has_value()) return std::nullopt;
  model::EndpointConfig config;
  config.address = *std::move(address);
  config.weight = weight.value_or(1);
  config.health = static_cast<model::HealthStatus>(health.value_or(0));  // the same numbers
  return config;
}

}  // namespace mesh::xds
