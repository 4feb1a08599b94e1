#include "mesh/model/route.h"

#include "absl/strings/match.h"

namespace mesh::model {
namespace {

// From the weakest to the strongest.
enum class MatchKind { kNone, kUniversal, kPrefix, kSuffix, kExact };

MatchKind Match(absl::string_view pattern, absl::string_view domain) {
  if (pattern == "*") return MatchKind::kUniversal;
  if (absl::StartsWith(pattern, "*")) {
    // An asterisk stands for at least one character (envoy route_components.proto).
    const bool longer = domain.size() >= pattern.size();
    return longer && absl::EndsWithIgnoreCase(domain, pattern.substr(1)) ? MatchKind::kSuffix
                                                                         : MatchKind::kNone;
  }
  if (absl::EndsWith(pattern, "*")) {
    pattern.remove_suffix(1);
    const bool longer = domain.size() > pattern.size();
    return longer && absl::StartsWithIgnoreCase(domain, pattern) ? MatchKind::kPrefix
                                                                 : MatchKind::kNone;
  }
  return absl::EqualsIgnoreCase(pattern, domain) ? MatchKind::kExact : MatchKind::kNone;
}

}  // namespace

const VirtualHost* FindVirtualHost(const RouteConfiguration& routes, absl::string_view domain) {
  const VirtualHost* best = nullptr;
  MatchKind best_kind = MatchKind::kNone;
  size_t best_length = 0;
  for (const VirtualHost& host : routes.virtual_hosts) {
    for (const std::string& pattern : host.domains) {
      const MatchKind kind = Match(pattern, domain);
      if (kind < best_kind || kind == MatchKind::kNone) continue;
      if (kind == best_kind && pattern.size() <= best_length) continue;
      best = &host;
      best_kind = kind;
      best_length = pattern.size();
    }
  }
  return best;
}

}  // namespace mesh::model
