#include "mesh/tools/explanation_text.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "mesh/tools/json_text.h"
#include "mesh/tools/snapshot_json.h"

namespace mesh::tools {
namespace {

void WriteCall(const Explanation& explanation, JsonText* json) {
  json->Key("target").String(explanation.target).Key("node_id").String(explanation.node_id);
  json->Key("call").Open('{').Key("path").String(explanation.call.path);
  json->Key("metadata").Open('[');
  for (const auto& [key, value] : explanation.call.metadata) {
    json->Open('{').Key("key").String(key).Key("value").String(value).Close('}');
  }
  json->Close(']').Close('}').Key("outcome").String(ToString(explanation.outcome));
  json->Key("reason").String(explanation.reason).Key("settled").Bool(explanation.settled);
}

void WriteRoutes(const Explanation& explanation, JsonText* json) {
  json->Key("virtual_hosts").Open('[');
  for (const Explanation::VirtualHost& host : explanation.virtual_hosts) {
    json->Open('{').Key("name").String(host.name);
    WriteStrings("domains", host.domains, json);
    json->Key("serves").Bool(host.serves).Close('}');
  }
  json->Close(']').Key("routes").Open('[');
  for (const Explanation::Route& route : explanation.routes) {
    json->Open('{').Key("takes").Bool(route.takes).Key("mismatch").String(route.mismatch);
    WriteRoute(route.route, json);
    json->Close('}');
  }
  json->Close(']');
}

void WriteClusters(const Explanation& explanation, JsonText* json) {
  json->Key("clusters").Open('[');
  for (const Explanation::Cluster& cluster : explanation.clusters) {
    json->Open('{').Key("name").String(cluster.cluster.name);
    WriteShare(cluster.share, json);
    WriteCluster(cluster.cluster, json);
    json->Close('}');
  }
  json->Close(']').Key("shares").Open('[');
  for (size_t c = 0; c < explanation.clusters.size(); ++c) {
    const Snapshot::Cluster& cluster = explanation.clusters[c].cluster;
    for (size_t l = 0; l < cluster.localities.size(); ++l) {
      const Snapshot::LocalityEndpoints& locality = cluster.localities[l];
      for (size_t e = 0; e < locality.endpoints.size(); ++e) {
        if (explanation.ShareOf(c, l, e) <= 0) continue;
        json->Open('{').Key("cluster").String(cluster.name);
        json->Key("locality").String(locality.locality);
        json->Key("priority").Number(uint64_t{locality.priority});
        json->Key("address").String(locality.endpoints[e].address);
        json->Key("share").Number(explanation.ShareOf(c, l, e), 9).Close('}');
      }
    }
  }
  json->Close(']');
}

std::string Percent(double share) {
  return share > 0 ? absl::StrFormat("%.2f %%", 100 * share) : "-";
}

std::string Quoted(const std::string& name) {
  return name.empty() ? "" : absl::StrCat("\"", name, "\"");
}

// Lines of cells, each column as wide as its widest cell; the last one is not padded.
class Table {
 public:
  explicit Table(int indent) : indent_(indent) {}

  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  std::string ToText() const {
    std::vector<size_t> widths;
    for (const std::vector<std::string>& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()), 0);
      for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const std::vector<std::string>& row : rows_) {
      std::string line(indent_, ' ');
      for (size_t i = 0; i < row.size(); ++i) {
        absl::StrAppend(&line, row[i], std::string(widths[i] - row[i].size() + 2, ' '));
      }
      line.erase(line.find_last_not_of(' ') + 1);
      absl::StrAppend(&text, line, "\n");
    }
    return text;
  }

 private:
  const int indent_;
  std::vector<std::vector<std::string>> rows_;
};

std::string HeadText(const Explanation& explanation) {
  Table table(0);
  table.Add({"target", explanation.target});
  table.Add({"call", explanation.call.path});
  for (const auto& [key, value] : explanation.call.metadata) {
    table.Add({"", absl::StrCat(key, ": ", value, " (no route looks at metadata)")});
  }
  table.Add({"outcome", absl::StrCat(ToString(explanation.outcome),
                                     explanation.settled ? "" : " (not settled yet)")});
  if (!explanation.reason.empty()) table.Add({"reason", explanation.reason});
  return table.ToText();
}

std::string LeadsTo(const Snapshot::Route& route) {
  std::string text =
      absl::StrCat("to ", absl::StrJoin(route.clusters, ", ", [](auto* out, auto& to) {
                     absl::StrAppend(out, to.cluster, " (", to.weight, ")",
                                     to.metadata.empty() ? "" : " with ", to.metadata);
                   }));
  if (!route.timeout.empty()) absl::StrAppend(&text, "; timeout ", route.timeout);
  if (!route.retry.empty()) absl::StrAppend(&text, "; retry ", route.retry);
  return text;
}

std::string RoutesText(const Explanation& explanation) {
  if (explanation.virtual_hosts.empty()) return "";
  Table hosts(2);
  for (const Explanation::VirtualHost& host : explanation.virtual_hosts) {
    hosts.Add({host.serves ? "*" : " ", Quoted(host.name), absl::StrJoin(host.domains, ", "),
               host.serves ? "serves the target" : "not for this target"});
  }
  Table routes(2);
  bool reached = true;
  for (size_t i = 0; i < explanation.routes.size(); ++i) {
    const Explanation::Route& route = explanation.routes[i];
    const std::string verdict = route.takes ? absl::StrCat("takes the call ", LeadsTo(route.route))
                                : reached   ? absl::StrCat("does not match: ", route.mismatch)
                                            : "not reached";
    routes.Add({route.takes ? "*" : " ", absl::StrCat(i), route.route.match,
                Quoted(route.route.name), verdict});
    if (route.takes) reached = false;
  }
  return absl::StrCat("\nvirtual hosts\n", hosts.ToText(), "routes\n", routes.ToText());
}

// Those that anything is in use of, or that have refused something.
std::string LimitsText(const std::vector<Snapshot::Limit>& limits) {
  Table table(2);
  for (const Snapshot::Limit& limit : limits) {
    if (limit.in_use == 0 && limit.refused == 0) continue;
    table.Add({"limit", absl::StrCat(limit.name, limit.priority == "DEFAULT" ? "" : " (HIGH)"),
               Quoted(limit.cluster), absl::StrCat(limit.in_use, " of ", limit.limit, " in use"),
               limit.refused == 0 ? "" : absl::StrCat(limit.refused, " refused")});
  }
  return table.ToText();
}

std::string ClusterText(const Explanation& explanation, size_t index) {
  const Explanation::Cluster& entry = explanation.clusters[index];
  const Snapshot::Cluster& cluster = entry.cluster;
  std::string text = absl::StrCat("\ncluster \"", cluster.name, "\"  ",
                                  Percent(entry.share.value()), " of calls, ", cluster.state,
                                  cluster.policy.empty() ? "" : ", ", cluster.policy, "\n");
  if (!cluster.named.empty()) {
    absl::StrAppend(
        &text, "  calls name ", cluster.named, ": ",
        cluster.subset.empty() ? "no subset takes them" : absl::StrCat("subset ", cluster.subset),
        "\n");
  }
  if (!cluster.error.empty()) absl::StrAppend(&text, "  ", cluster.error, "\n");
  for (const Snapshot::Child& child : cluster.children) {
    absl::StrAppend(&text, "  child \"", child.name, "\": ", child.state,
                    child.error.empty() ? "" : ": ", child.error, "\n");
  }
  text += LimitsText(cluster.limits);
  for (const Snapshot::Priority& priority : cluster.priorities) {
    absl::StrAppend(&text, "  priority ", priority.priority,
                    priority.cluster.empty() ? "" : absl::StrCat(" of \"", priority.cluster, "\""),
                    ": ", priority.state, ", ", priority.ready, " of ", priority.usable,
                    " usable endpoints connected, ", priority.load, " % of the cluster's calls",
                    !priority.panic                ? ""
                    : priority.state == "refusing" ? ", panic: too few are healthy, and calls fail"
                                                   : ", panic: too few are healthy to leave the "
                                                     "others out",
                    "\n");
    for (size_t l = 0; l < cluster.localities.size(); ++l) {
      const Snapshot::LocalityEndpoints& locality = cluster.localities[l];
      if (locality.priority != priority.priority) continue;
      absl::StrAppend(&text, "    locality ", locality.locality, "  weight ", locality.weight, ", ",
                      Percent(locality.share.value()), " of the cluster's calls\n");
      Table table(6);
      for (size_t e = 0; e < locality.endpoints.size(); ++e) {
        const Snapshot::Endpoint& endpoint = locality.endpoints[e];
        std::string weight = absl::StrCat("weight ", endpoint.weight);
        if (endpoint.connections > 1) {
          absl::StrAppend(&weight, ", ", endpoint.connections, " connections");
        }
        table.Add({endpoint.address, Percent(explanation.ShareOf(index, l, e)), endpoint.state,
                   endpoint.health, weight, endpoint.excluded});
      }
      text += table.ToText();
    }
  }
  return text;
}

std::string SourcesText(const Explanation& explanation) {
  if (explanation.control_planes.empty() && explanation.resources.empty()) return "";
  Table table(2);
  for (const Snapshot::ControlPlane& plane : explanation.control_planes) {
    table.Add({"control plane", plane.server, plane.connected ? "connected" : "not connected", "",
               plane.error});
  }
  for (const Snapshot::Resource& resource : explanation.resources) {
    table.Add({resource.type, Quoted(resource.name), resource.state,
               resource.version.empty() ? "" : absl::StrCat("version ", resource.version)});
  }
  return absl::StrCat("\nresources\n", table.ToText());
}

std::string ListText(absl::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  return absl::StrCat("\n", title, "\n  ", absl::StrJoin(lines, "\n  "), "\n");
}

}  // namespace

std::string ExplanationJson(const Explanation& explanation) {
  JsonText json;
  json.Open('{');
  WriteCall(explanation, &json);
  WriteRoutes(explanation, &json);
  WriteClusters(explanation, &json);
  WriteControlPlanes(explanation.control_planes, &json);
  WriteResources(explanation.resources, &json);
  WriteStrings("held", explanation.held, &json);
  WriteStrings("rejected", explanation.rejected, &json);
  WriteStrings("missing", explanation.missing, &json);
  WriteStrings("ignored", explanation.ignored, &json);
  json.Close('}');
  return json.text();
}

std::string ExplanationText(const Explanation& explanation) {
  std::string text = absl::StrCat(HeadText(explanation), RoutesText(explanation));
  for (size_t i = 0; i < explanation.clusters.size(); ++i) text += ClusterText(explanation, i);
  return absl::StrCat(text, SourcesText(explanation), ListText("held", explanation.held),
                      ListText("rejected", explanation.rejected),
                      ListText("missing", explanation.missing),
                      ListText("received and not honoured", explanation.ignored));
}

}  // namespace mesh::tools
