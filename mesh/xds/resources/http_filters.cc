#include "mesh/xds/resources/http_filters.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "mesh/xds/proto/router.pb.h"
#include "mesh/xds/resources/common.h"
#include "mesh/xds/wire_format.h"

namespace mesh::xds {
namespace {

enum class Filter {
  kRouter,
  kNothing,  // known, and configured to do nothing
  kUnknown,
};

constexpr absl::string_view kRouter = "envoy.extensions.filters.http.router.v3.Router";
constexpr absl::string_view kFault = "envoy.extensions.filters.http.fault.v3.HTTPFault";
constexpr absl::string_view kFilterConfig = "envoy.config.route.v3.FilterConfig";

// A filter's configuration: a message of its own type, or a TypedStruct that stands for one.
struct Config {
  absl::string_view type;   // full name of the message
  absl::string_view value;  // serialized message or google.protobuf.Struct
  bool is_struct = false;
};

Config Unwrap(const proto::Any& any, Decoding* decoding) {
  Config config{TypeName(any), any.value(), false};
  if (config.type != "xds.type.v3.TypedStruct" && config.type != "udpa.type.v1.TypedStruct") {
    return config;
  }
  Config inner{"", "", true};
  WireReader reader(config.value);
  while (reader.Next()) {
    if (reader.is_bytes(1)) inner.type = reader.bytes();
    if (reader.is_bytes(2)) inner.value = reader.bytes();
  }
  if (!reader.ok()) decoding->errors.Add(absl::StrCat("the bytes are not a ", config.type));
  inner.type.remove_prefix(inner.type.rfind('/') + 1);  // npos + 1 is 0
  return inner;
}

Filter DecodeFilter(const Config& config, Decoding* decoding) {
  if (config.type == kFault && config.value.empty()) return Filter::kNothing;
  if (config.type != kRouter) return Filter::kUnknown;
  if (config.is_struct) {
    if (!config.value.empty()) decoding->errors.Add("a struct with fields is not supported");
    return Filter::kRouter;
  }
  proto::Router router;
  if (router.ParseFromArray(config.value.data(), static_cast<int>(config.value.size()))) {
    decoding->Check(router);
  } else {
    decoding->errors.Add(absl::StrCat("the bytes are not a ", kRouter));
  }
  return Filter::kRouter;
}

std::string NotSupported(absl::string_view type) {
  return type == kFault ? "faults are not supported yet"
                        : absl::StrCat("filter \"", type, "\" is not supported");
}

// kUnknown also where the filter has no configuration and is optional.
Filter CheckHttpFilter(const proto::HttpFilter& filter, Decoding* decoding) {
  FieldErrors& errors = decoding->errors;
  if (filter.name().empty()) errors.Add("name", "empty");
  const FieldErrors::Scope scope(&errors, "typed_config");
  if (!filter.has_typed_config() || filter.typed_config().type_url().empty()) {
    if (!filter.is_optional()) errors.Add("missing");
    return Filter::kUnknown;
  }
  const Config config = Unwrap(filter.typed_config(), decoding);
  const Filter kind = DecodeFilter(config, decoding);
  if (kind == Filter::kUnknown) {
    if (filter.is_optional()) {
      decoding->Ignore(absl::StrCat("\"", config.type, "\""));
    } else {
      errors.Add(NotSupported(config.type));
    }
  }
  return kind;
}

}  // namespace

void CheckHttpFilters(const proto::HttpConnectionManager& manager, Decoding* decoding) {
  FieldErrors& errors = decoding->errors;
  std::set<std::string> names;
  bool router_is_last = false;
  for (int i = 0; i < manager.http_filters_size(); ++i) {
    const proto::HttpFilter& filter = manager.http_filters(i);
    const FieldErrors::Scope scope(&errors, "http_filters", i);
    const size_t errors_before = errors.size();
    const Filter kind = CheckHttpFilter(filter, decoding);
    if (!names.insert(filter.name()).second) {
      errors.Add("name", absl::StrCat("\"", filter.name(), "\" is there twice"));
    }
    if (kind == Filter::kUnknown && errors.size() == errors_before) continue;  // as if not there
    if (router_is_last) errors.Add("behind the router, which must be last");
    router_is_last = router_is_last || kind == Filter::kRouter;
    if (kind == Filter::kRouter && filter.disabled() && !decoding->grpc()) {
      errors.Add("disabled", "the router cannot be");
    }
  }
  if (!router_is_last) errors.Add("http_filters", "the router is missing, which must be last");
}

void CheckPerFilterConfigs(const google::protobuf::RepeatedPtrField<proto::PerFilterConfig>& all,
                           Decoding* decoding) {
  for (const proto::PerFilterConfig& entry : all) {
    const FieldErrors::Scope scope(&decoding->errors,
                                   absl::StrCat("typed_per_filter_config[\"", entry.key(), "\"]"));
    bool optional = false;
    proto::FilterConfig wrapper;
    const proto::Any* any = &entry.value();
    if (TypeName(*any) == kFilterConfig) {
      if (!ParseAny(*any, &wrapper, decoding)) continue;
      decoding->Check(wrapper);
      optional = wrapper.is_optional();
      any = &wrapper.config();
    }
    const Config config = Unwrap(*any, decoding);
    if (config.type == kFault && config.value.empty()) continue;
    if (config.type == kRouter) {
      decoding->errors.Add("the router takes no configuration here");
    } else if (optional) {
      decoding->Ignore(absl::StrCat("\"", config.type, "\""));
    } else {
      decoding->errors.Add(NotSupported(config.type));
    }
  }
}

}  // namespace mesh::xds
