#include "mesh/xds/discovery_response.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "mesh/xds/wire_format.h"

namespace mesh::xds {
namespace {

constexpr absl::string_view kWrapperType =
    "type.googleapis.com/envoy.service.discovery.v3.Resource";

// Far more than anybody has; a hostile response could otherwise claim one for every two bytes, at
// a hundred bytes of ours each.
constexpr size_t kMaxResources = 1 << 18;
// Each has its type's URL, which alone is longer than this; a few may be as short as they like.
constexpr size_t kLeastResourceBytes = 32;
constexpr size_t kAnyResources = 1000;

// google.protobuf.Any.
struct AnyView {
  absl::string_view type_url;
  absl::string_view value;
};

bool ParseAny(absl::string_view bytes, AnyView* any) {
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.is_bytes(1)) any->type_url = reader.bytes();
    if (reader.is_bytes(2)) any->value = reader.bytes();
  }
  return reader.ok();
}

bool Unwrap(absl::string_view wrapper, ResourceView* resource) {
  AnyView inner;
  bool ok = true;
  WireReader reader(wrapper);
  while (reader.Next()) {
    if (reader.is_bytes(2)) ok = ParseAny(reader.bytes(), &inner) && ok;
    if (reader.is_bytes(3)) resource->wrapper_name = reader.bytes();
  }
  resource->type_url = inner.type_url;
  resource->bytes = inner.value;
  return ok && reader.ok();
}

ResourceView ParseResource(absl::string_view bytes) {
  ResourceView resource;
  AnyView any;
  resource.malformed = !ParseAny(bytes, &any);
  resource.type_url = any.type_url;
  resource.bytes = any.value;
  if (!resource.malformed && any.type_url == kWrapperType) {
    resource.malformed = !Unwrap(any.value, &resource);
  }
  return resource;
}

// The first string field `field` of a message; empty if there is none.
absl::string_view StringField(absl::string_view message, uint32_t field) {
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.is_bytes(field)) return reader.bytes();
  }
  return "";
}

ResourceErrorView ParseError(absl::string_view bytes) {
  ResourceErrorView error;
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.is_bytes(1)) error.name = StringField(reader.bytes(), 1);
    if (!reader.is_bytes(2)) continue;
    WireReader status(reader.bytes());
    while (status.Next()) {
      if (status.is_varint(1)) error.code = static_cast<int>(status.number());
      if (status.is_bytes(2)) error.message = status.bytes();
    }
  }
  return error;
}

}  // namespace

absl::StatusOr<DiscoveryResponseView> DiscoveryResponseView::Parse(absl::string_view bytes) {
  DiscoveryResponseView response;
  const size_t most = std::min(kMaxResources, kAnyResources + bytes.size() / kLeastResourceBytes);
  WireReader reader(bytes);
  while (reader.Next()) {
    if (reader.is_bytes(1)) response.version_info = reader.bytes();
    if (reader.is_bytes(2)) response.resources.push_back(ParseResource(reader.bytes()));
    if (reader.is_bytes(4)) response.type_url = reader.bytes();
    if (reader.is_bytes(5)) response.nonce = reader.bytes();
    if (reader.is_bytes(7)) response.errors.push_back(ParseError(reader.bytes()));
    if (response.resources.size() + response.errors.size() > most) {
      return absl::ResourceExhaustedError(absl::StrCat("discovery response: more than ", most,
                                                       " resources in ", bytes.size(), " bytes"));
    }
  }
  if (!reader.ok()) return absl::InvalidArgumentError("discovery response: malformed message");
  return response;
}

}  // namespace mesh::xds
