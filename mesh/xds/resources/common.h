#ifndef MESH_XDS_RESOURCES_COMMON_H_
#define MESH_XDS_RESOURCES_COMMON_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "mesh/xds/proto/core.pb.h"
#include "mesh/xds/resources/decoding.h"

// Parts that several resources have. Each notes what is wrong at the current path of the
// decoding; what it returns then means nothing.

namespace mesh::xds {

// The full name of the message in an Any: what follows the last slash of its type URL.
absl::string_view TypeName(const proto::Any& any);

// Parses the value of `any` as `message`; false, and noted, if it is none.
bool ParseAny(const proto::Any& any, google::protobuf::Message* message, Decoding* decoding);

// A duration that is in protobuf's range and not negative.
absl::Duration DecodeDuration(const google::protobuf::Duration& duration, Decoding* decoding);

// A percentage from 0 to 100.
double DecodePercent(const proto::Percent& percent, Decoding* decoding);

// `NAME is not supported`, of a value of an enumeration; `name` is empty if it has none.
std::string NotSupported(int value, absl::string_view name);

// Checks that `text`, of the field `element`, may stand in a line of a request: with spaces or line
// breaks in it, it would be another request.
void CheckHeaderText(absl::string_view element, absl::string_view text, Decoding* decoding);

// Checks that a source of resources is the control plane that named it: ADS or self.
void CheckConfigSource(const proto::ConfigSource& source, Decoding* decoding);

// `10.0.0.1:80`, `[2001:db8::1]:80`, `name:80` or `unix:/path`.
std::string DecodeAddress(const proto::Address& address, Decoding* decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_COMMON_H_
