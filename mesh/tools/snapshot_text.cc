#include "mesh/tools/snapshot_text.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mesh/tools/json_text.h"
#include "mesh/tools/snapshot_json.h"

namespace mesh::tools {
namespace {

// `priority 0 of b serving, 4 of 5 usable endpoints connected, 70 % of its calls, panic`.
std::string PriorityLine(const Snapshot::Priority& priority) {
  return absl::StrCat("priority ", priority.priority, priority.cluster.empty() ? "" : " of ",
                      priority.cluster, " ", priority.state, ", ", priority.ready, " of ",
                      priority.usable, " usable endpoints connected, ", priority.load,
                      " % of its calls", priority.panic ? ", panic" : "");
}

// `limit max_requests 10 (HIGH) of b has refused 3`.
std::string LimitLine(const Snapshot::Limit& limit) {
  return absl::StrCat("limit ", limit.name, " ", limit.limit, " (", limit.priority, ")",
                      limit.cluster.empty() ? "" : " of ", limit.cluster, " has refused ",
                      limit.refused);
}

std::string WithError(std::string line, const std::string& error) {
  if (!error.empty()) absl::StrAppend(&line, ": ", error);
  return line;
}

}  // namespace

std::string SnapshotJson(const Snapshot& snapshot) {
  JsonText json;
  json.Open('{').Key("target").String(snapshot.target).Key("node_id").String(snapshot.node_id);
  json.Key("error").String(snapshot.error);
  WriteControlPlanes(snapshot.control_planes, &json);
  WriteResources(snapshot.resources, &json);
  json.Key("routes").Open('[');
  for (const Snapshot::Route& route : snapshot.routes) {
    json.Open('{');
    WriteRoute(route, &json);
    json.Close('}');
  }
  json.Close(']').Key("clusters").Open('[');
  for (const Snapshot::Cluster& cluster : snapshot.clusters) {
    json.Open('{').Key("name").String(cluster.name);
    WriteCluster(cluster, &json);
    json.Close('}');
  }
  json.Close(']');
  WriteStrings("ignored", snapshot.ignored, &json);
  json.Close('}');
  return json.text();
}

std::vector<std::string> SnapshotLines(const Snapshot& snapshot) {
  std::vector<std::string> lines;
  lines.push_back(WithError(absl::StrCat("target ", snapshot.target), snapshot.error));
  if (!snapshot.node_id.empty()) lines.push_back(absl::StrCat("node ", snapshot.node_id));
  for (const Snapshot::ControlPlane& plane : snapshot.control_planes) {
    lines.push_back(WithError(absl::StrCat("control plane ", plane.server,
                                           plane.connected ? " connected" : " not connected"),
                              plane.error));
  }
  for (const Snapshot::Resource& resource : snapshot.resources) {
    std::string line = absl::StrCat(resource.type, " \"", resource.name, "\" ", resource.state);
    if (!resource.version.empty()) absl::StrAppend(&line, " version ", resource.version);
    lines.push_back(WithError(std::move(line), resource.error));
  }
  size_t number = 0;
  for (const Snapshot::Route& route : snapshot.routes) {
    std::string line = absl::StrCat("route ", number++);
    if (!route.name.empty()) absl::StrAppend(&line, " \"", route.name, "\"");
    absl::StrAppend(&line, " ", route.match, " to ",
                    absl::StrJoin(route.clusters, ", ", [](std::string* out, const auto& cluster) {
                      absl::StrAppend(out, cluster.cluster, " (", cluster.weight, ")",
                                      cluster.metadata.empty() ? "" : " with ", cluster.metadata);
                    }));
    if (!route.timeout.empty()) absl::StrAppend(&line, "; timeout ", route.timeout);
    if (!route.retry.empty()) absl::StrAppend(&line, "; retry ", route.retry);
    lines.push_back(std::move(line));
  }
  for (const Snapshot::Cluster& cluster : snapshot.clusters) {
    lines.push_back(
        WithError(absl::StrCat("cluster ", cluster.name, " ", cluster.state), cluster.error));
    if (!cluster.zone_routing.empty()) {
      lines.push_back(absl::StrCat("cluster ", cluster.name, " zones ", cluster.zone_routing));
    }
    for (const Snapshot::Child& child : cluster.children) {
      lines.push_back(
          WithError(absl::StrCat("cluster ", cluster.name, " child ", child.name, " ", child.state),
                    child.error));
    }
    for (const Snapshot::Priority& priority : cluster.priorities) {
      lines.push_back(absl::StrCat("cluster ", cluster.name, " ", PriorityLine(priority)));
    }
    for (const Snapshot::Subset& subset : cluster.subsets) {
      if (subset.state == "idle") continue;
      lines.push_back(absl::StrCat("cluster ", cluster.name, " subset ", subset.metadata, " ",
                                   subset.state, ", ", subset.endpoints,
                                   subset.endpoints == 1 ? " endpoint" : " endpoints"));
    }
    for (const Snapshot::Limit& limit : cluster.limits) {
      if (limit.refused == 0) continue;
      lines.push_back(absl::StrCat("cluster ", cluster.name, " ", LimitLine(limit)));
    }
    for (const Snapshot::LocalityEndpoints& locality : cluster.localities) {
      lines.push_back(absl::StrCat("cluster ", cluster.name, " priority ", locality.priority,
                                   " locality ", locality.locality, " weight ", locality.weight,
                                   locality.cluster.empty() ? "" : " of ", locality.cluster));
      for (const Snapshot::Endpoint& endpoint : locality.endpoints) {
        lines.push_back(WithError(
            absl::StrCat("cluster ", cluster.name, " endpoint ", endpoint.address, " ",
                         endpoint.state, ", ", endpoint.health, ", weight ", endpoint.weight,
                         endpoint.connections > 1
                             ? absl::StrCat(", ", endpoint.connections, " connections")
                             : "",
                         endpoint.excluded.empty() ? "" : ", no calls"),
            endpoint.excluded));
      }
    }
  }
  for (const std::string& field : snapshot.ignored) {
    lines.push_back(absl::StrCat("ignored ", field));
  }
  return lines;
}

std::vector<std::string> ChangedLines(const std::vector<std::string>& before,
                                      const std::vector<std::string>& after) {
  std::map<std::string, int> count;
  for (const std::string& line : before) --count[line];
  for (const std::string& line : after) ++count[line];
  std::vector<std::string> changes;
  const auto take = [&](const std::vector<std::string>& lines, int sign, absl::string_view mark) {
    for (const std::string& line : lines) {
      int& surplus = count[line];
      if (surplus * sign <= 0) continue;
      surplus -= sign;
      changes.push_back(absl::StrCat(mark, line));
    }
  };
  take(before, -1, "- ");
  take(after, 1, "+ ");
  return changes;
}

}  // namespace mesh::tools
