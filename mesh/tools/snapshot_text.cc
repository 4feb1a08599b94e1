#include "mesh/tools/snapshot_text.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mesh/tools/json_text.h"

namespace mesh::tools {
namespace {

void WriteControlPlanes(const Snapshot& snapshot, JsonText* json) {
  json->Key("control_planes").Open('[');
  for (const Snapshot::ControlPlane& plane : snapshot.control_planes) {
    json->Open('{').Key("server").String(plane.server).Key("connected").Bool(plane.connected);
    json->Key("error").String(plane.error).Close('}');
  }
  json->Close(']').Key("resources").Open('[');
  for (const Snapshot::Resource& resource : snapshot.resources) {
    json->Open('{').Key("type").String(resource.type).Key("name").String(resource.name);
    json->Key("state").String(resource.state).Key("version").String(resource.version);
    json->Key("error").String(resource.error).Close('}');
  }
  json->Close(']');
}

void WriteRoutes(const Snapshot& snapshot, JsonText* json) {
  json->Key("routes").Open('[');
  for (const Snapshot::Route& route : snapshot.routes) {
    json->Open('{').Key("name").String(route.name).Key("match").String(route.match);
    json->Key("clusters").Open('[');
    for (const Snapshot::WeightedCluster& cluster : route.clusters) {
      json->Open('{').Key("cluster").String(cluster.cluster);
      json->Key("weight").Number(uint64_t{cluster.weight}).Close('}');
    }
    json->Close(']').Key("retry").String(route.retry).Close('}');
  }
  json->Close(']');
}

void WriteClusters(const Snapshot& snapshot, JsonText* json) {
  json->Key("clusters").Open('[');
  for (const Snapshot::Cluster& cluster : snapshot.clusters) {
    json->Open('{').Key("name").String(cluster.name).Key("state").String(cluster.state);
    json->Key("error").String(cluster.error).Key("localities").Open('[');
    for (const Snapshot::LocalityEndpoints& locality : cluster.localities) {
      json->Open('{').Key("locality").String(locality.locality);
      json->Key("priority").Number(uint64_t{locality.priority});
      json->Key("weight").Number(uint64_t{locality.weight}).Key("endpoints").Open('[');
      for (const Snapshot::Endpoint& endpoint : locality.endpoints) {
        json->Open('{').Key("address").String(endpoint.address);
        json->Key("state").String(endpoint.state).Key("health").String(endpoint.health);
        json->Key("weight").Number(uint64_t{endpoint.weight});
        json->Key("in_flight").Number(endpoint.in_flight).Close('}');
      }
      json->Close(']').Close('}');
    }
    json->Close(']').Close('}');
  }
  json->Close(']');
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
  WriteControlPlanes(snapshot, &json);
  WriteRoutes(snapshot, &json);
  WriteClusters(snapshot, &json);
  json.Key("ignored").Open('[');
  for (const std::string& field : snapshot.ignored) json.String(field);
  json.Close(']').Close('}');
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
                      absl::StrAppend(out, cluster.cluster, " (", cluster.weight, ")");
                    }));
    if (!route.retry.empty()) absl::StrAppend(&line, "; retry ", route.retry);
    lines.push_back(std::move(line));
  }
  for (const Snapshot::Cluster& cluster : snapshot.clusters) {
    lines.push_back(
        WithError(absl::StrCat("cluster ", cluster.name, " ", cluster.state), cluster.error));
    for (const Snapshot::LocalityEndpoints& locality : cluster.localities) {
      lines.push_back(absl::StrCat("cluster ", cluster.name, " priority ", locality.priority,
                                   " locality ", locality.locality, " weight ", locality.weight));
      for (const Snapshot::Endpoint& endpoint : locality.endpoints) {
        lines.push_back(absl::StrCat("cluster ", cluster.name, " endpoint ", endpoint.address, " ",
                                     endpoint.state, ", ", endpoint.health, ", weight ",
                                     endpoint.weight));
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
