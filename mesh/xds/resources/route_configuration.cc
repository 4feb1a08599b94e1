#include "mesh/xds/resources/route_configuration.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "mesh/xds/resources/http_filters.h"
#include "mesh/xds/resources/retry_policy.h"
#include "mesh/xds/resources/route_action.h"
#include "mesh/xds/resources/whole_resource.h"

namespace mesh::xds {
namespace {

// One asterisk, in front or at the end, or none.
bool IsDomainPattern(absl::string_view domain) {
  const size_t asterisk = domain.find('*');
  if (asterisk == absl::string_view::npos) return !domain.empty();
  if (domain.find('*', asterisk + 1) != absl::string_view::npos) return false;
  return asterisk == 0 || asterisk == domain.size() - 1;
}

// What the routes of one configuration have in common while they are decoded.
struct Common {
  std::set<std::string> plugins;  // by name
  std::set<std::string> domains;  // seen so far, in lower case
  // What is left for regular expressions, in RE2's instructions: ten bytes can become a hundred
  // thousand of them, at twenty bytes and half a microsecond each.
  size_t expressions = 2'000'000;
};
constexpr size_t kExpressionCost = 100;        // of each, besides its instructions
constexpr size_t kBadExpressionCost = 50'000;  // RE2 gives up late

model::PathMatcher DecodeRegex(const std::string& text, Common* common, Decoding* decoding) {
  if (common->expressions == 0) {
    decoding->errors.Add("safe_regex", "the expressions before it are too large already");
    return {};
  }
  absl::StatusOr<model::PathMatcher> regex = model::PathMatcher::Regex(text);
  const size_t cost = kExpressionCost + (regex.ok() ? regex->program_size() : kBadExpressionCost);
  common->expressions -= std::min(common->expressions, cost);
  if (regex.ok()) return *std::move(regex);
  decoding->errors.Add("safe_regex", regex.status().message());
  return {};
}

model::PathMatcher DecodePath(const proto::RouteMatch& match, Common* common, Decoding* decoding) {
  const bool case_sensitive = !match.has_case_sensitive() || match.case_sensitive().value();
  switch (match.path_specifier_case()) {
    case proto::RouteMatch::kPrefix:
      return model::PathMatcher::Prefix(match.prefix(), case_sensitive);
    case proto::RouteMatch::kPath:
      return model::PathMatcher::Exact(match.path(), case_sensitive);
    case proto::RouteMatch::kSafeRegex:
      return DecodeRegex(match.safe_regex().regex(), common, decoding);
    case proto::RouteMatch::PATH_SPECIFIER_NOT_SET:
      decoding->errors.Add("no path specifier that is known");
      return {};
  }
  return {};
}

// Nothing if the route is to be skipped.
std::optional<model::Route> DecodeRoute(const proto::Route& route, Common* common,
                                        Decoding* decoding) {
  model::Route result;
  result.name = route.name();
  if (route.match().query_parameters_size() > 0) return std::nullopt;  // as gRPC does
  if (route.has_match()) {
    const FieldErrors::Scope scope(&decoding->errors, "match");
    result.path = DecodePath(route.match(), common, decoding);
  } else {
    decoding->errors.Add("match", "missing");
  }
  CheckPerFilterConfigs(route.typed_per_filter_config(), decoding);
  if (!route.has_route()) {
    decoding->errors.Add("no route action");
    return result;
  }
  const FieldErrors::Scope scope(&decoding->errors, "route");
  if (!DecodeRouteAction(route.route(), common->plugins, decoding, &result)) return std::nullopt;
  return result;
}

model::VirtualHost DecodeVirtualHost(const proto::VirtualHost& host, Common* common,
                                     Decoding* decoding) {
  FieldErrors& errors = decoding->errors;
  model::VirtualHost result;
  result.name = host.name();
  if (host.domains().empty()) errors.Add("domains", "empty");
  for (int i = 0; i < host.domains_size() && !errors.too_many(); ++i) {
    const std::string& domain = host.domains(i);
    const FieldErrors::Scope scope(&errors, "domains", i);
    if (!IsDomainPattern(domain)) {
      errors.Add(absl::StrCat("\"", domain, "\" is no domain"));
    } else if (!common->domains.insert(absl::AsciiStrToLower(domain)).second && !decoding->grpc()) {
      errors.Add(absl::StrCat("\"", domain, "\" is there twice"));
    }
    result.domains.push_back(domain);
  }
  CheckPerFilterConfigs(host.typed_per_filter_config(), decoding);
  std::optional<model::RetryPolicy> retry;
  if (host.has_retry_policy()) {
    const FieldErrors::Scope scope(&errors, "retry_policy");
    retry = DecodeRetryPolicy(host.retry_policy(), decoding);
  }
  for (int i = 0; i < host.routes_size() && !errors.too_many(); ++i) {
    const FieldErrors::Scope scope(&errors, "routes", i);
    std::optional<model::Route> route = DecodeRoute(host.routes(i), common, decoding);
    if (!route.has_value()) continue;
    // A route's own policy replaces the host's, also where it retries nothing (gRFC A44).
    if (!host.routes(i).route().has_retry_policy()) route->retry = retry;
    result.routes.push_back(*std::move(route));
  }
  return result;
}

// No plugin is known, so that each must be optional. Their names.
std::set<std::string> CheckPlugins(const proto::RouteConfiguration& routes, Decoding* decoding) {
  std::set<std::string> names;
  for (int i = 0; i < routes.cluster_specifier_plugins_size(); ++i) {
    const proto::ClusterSpecifierPlugin& plugin = routes.cluster_specifier_plugins(i);
    const FieldErrors::Scope scope(&decoding->errors, "cluster_specifier_plugins", i);
    const std::string& name = plugin.extension().name();
    if (!plugin.is_optional()) {
      decoding->errors.Add(absl::StrCat("plugin \"", name, "\" is not supported"));
    }
    if (!names.insert(name).second) {
      decoding->errors.Add(absl::StrCat("plugin \"", name, "\" is there twice"));
    }
  }
  return names;
}

class RouteConfigurationType final : public ResourceType {
 public:
  explicit RouteConfigurationType(Profile profile)
      : profile_(profile), fields_({RouteFields(), CoreFields()}) {}

  absl::string_view type_url() const override {
    return "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
  }
  bool absence_is_deletion() const override { return false; }
  DecodeResult Decode(absl::string_view bytes, Previous previous) const override {
    return DecodeWhole<model::RouteConfiguration, proto::RouteConfiguration>(
        "route configuration", bytes, previous, Decoding(profile_, &fields_),
        DecodeRouteConfiguration);
  }

 private:
  const Profile profile_;
  const FieldTable fields_;
};

}  // namespace

model::RouteConfiguration DecodeRouteConfiguration(const proto::RouteConfiguration& routes,
                                                   Decoding* decoding) {
  model::RouteConfiguration result;
  result.name = routes.name();
  Common common;
  common.plugins = CheckPlugins(routes, decoding);
  if (!decoding->grpc()) CheckPerFilterConfigs(routes.typed_per_filter_config(), decoding);
  for (int i = 0; i < routes.virtual_hosts_size() && !decoding->errors.too_many(); ++i) {
    const FieldErrors::Scope scope(&decoding->errors, "virtual_hosts", i);
    result.virtual_hosts.push_back(DecodeVirtualHost(routes.virtual_hosts(i), &common, decoding));
  }
  return result;
}

std::unique_ptr<const ResourceType> NewRouteConfigurationType(Profile profile) {
  return std::make_unique<const RouteConfigurationType>(profile);
}

}  // namespace mesh::xds
