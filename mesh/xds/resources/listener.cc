#include "mesh/xds/resources/listener.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "mesh/model/route.h"
#include "mesh/xds/proto/http_connection_manager.pb.h"
#include "mesh/xds/proto/listener.pb.h"
#include "mesh/xds/resources/common.h"
#include "mesh/xds/resources/http_filters.h"
#include "mesh/xds/resources/route_configuration.h"
#include "mesh/xds/resources/whole_resource.h"

namespace mesh::xds {
namespace {

constexpr absl::string_view kHttpConnectionManager =
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

void DecodeRoutes(const proto::HttpConnectionManager& manager, Decoding* decoding,
                  model::Listener* listener) {
  FieldErrors& errors = decoding->errors;
  switch (manager.route_specifier_case()) {
    case proto::HttpConnectionManager::kRds: {
      const FieldErrors::Scope scope(&errors, "rds");
      if (manager.rds().has_config_source()) {
        const FieldErrors::Scope source(&errors, "config_source");
        CheckConfigSource(manager.rds().config_source(), decoding);
      } else {
        errors.Add("config_source", "missing");
      }
      if (manager.rds().route_config_name().empty()) errors.Add("route_config_name", "empty");
      listener->routes = manager.rds().route_config_name();
      return;
    }
    case proto::HttpConnectionManager::kRouteConfig: {
      const FieldErrors::Scope scope(&errors, "route_config");
      listener->routes = std::make_shared<const model::RouteConfiguration>(
          DecodeRouteConfiguration(manager.route_config(), decoding));
      return;
    }
    case proto::HttpConnectionManager::ROUTE_SPECIFIER_NOT_SET:
      errors.Add("neither rds nor route_config");
      return;
  }
}

void DecodeManager(const proto::Any& any, Decoding* decoding, model::Listener* listener) {
  if (TypeName(any) != kHttpConnectionManager) {
    decoding->errors.Add(absl::StrCat("\"", any.type_url(), "\" is no HttpConnectionManager"));
    return;
  }
  proto::HttpConnectionManager manager;
  if (!ParseAny(any, &manager, decoding)) return;
  decoding->Check(manager);
  CheckHttpFilters(manager, decoding);
  DecodeRoutes(manager, decoding, listener);
}

model::Listener DecodeListener(const proto::Listener& listener, Decoding* decoding) {
  model::Listener result;
  result.name = listener.name();
  if (!listener.has_api_listener()) {
    decoding->errors.Add("api_listener", "missing");
    return result;
  }
  const FieldErrors::Scope scope(&decoding->errors, "api_listener.api_listener");
  DecodeManager(listener.api_listener().api_listener(), decoding, &result);
  return result;
}

class ListenerType final : public ResourceType {
 public:
  explicit ListenerType(Profile profile)
      : profile_(profile), fields_({ListenerFields(), RouteFields(), CoreFields()}) {}

  absl::string_view type_url() const override {
    return "type.googleapis.com/envoy.config.listener.v3.Listener";
  }
  bool absence_is_deletion() const override { return true; }
  DecodeResult Decode(absl::string_view bytes, Previous previous) const override {
    return DecodeWhole<model::Listener, proto::Listener>(
        "listener", bytes, previous, Decoding(profile_, &fields_), DecodeListener);
  }

 private:
  const Profile profile_;
  const FieldTable fields_;
};

}  // namespace

std::unique_ptr<const ResourceType> NewListenerType(Profile profile) {
  return std::make_unique<const ListenerType>(profile);
}

}  // namespace mesh::xds
