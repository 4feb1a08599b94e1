#include "mesh/tools/snapshot_json.h"

#include <cstdint>

namespace mesh::tools {

void WriteStrings(absl::string_view key, const std::vector<std::string>& values, JsonText* json) {
  json->Key(key).Open('[');
  for (const std::string& value : values) json->String(value);
  json->Close(']');
}

void WriteControlPlanes(const std::vector<Snapshot::ControlPlane>& planes, JsonText* json) {
  json->Key("control_planes").Open('[');
  for (const Snapshot::ControlPlane& plane : planes) {
    json->Open('{').Key("server").String(plane.server).Key("connected").Bool(plane.connected);
    json->Key("error").String(plane.error).Close('}');
  }
  json->Close(']');
}

void WriteResources(const std::vector<Snapshot::Resource>& resources, JsonText* json) {
  json->Key("resources").Open('[');
  for (const Snapshot::Resource& resource : resources) {
    json->Open('{').Key("type").String(resource.type).Key("name").String(resource.name);
    json->Key("state").String(resource.state).Key("version").String(resource.version);
    json->Key("error").String(resource.error);
    json->Key("failed_version").String(resource.failed_version).Close('}');
  }
  json->Close(']');
}

void WriteRoute(const Snapshot::Route& route, JsonText* json) {
  json->Key("name").String(route.name).Key("match").String(route.match);
  json->Key("clusters").Open('[');
  for (const Snapshot::WeightedCluster& cluster : route.clusters) {
    json->Open('{').Key("cluster").String(cluster.cluster);
    json->Key("weight").Number(uint64_t{cluster.weight});
    if (!cluster.metadata.empty()) json->Key("metadata").String(cluster.metadata);
    json->Close('}');
  }
  json->Close(']').Key("retry").String(route.retry).Key("timeout").String(route.timeout);
}

void WriteShare(const Snapshot::Share& share, JsonText* json) {
  json->Key("share").Open('{').Key("part").Number(share.part).Key("of").Number(share.of);
  json->Close('}');
}

void WriteCluster(const Snapshot::Cluster& cluster, JsonText* json) {
  json->Key("state").String(cluster.state).Key("error").String(cluster.error);
  json->Key("policy").String(cluster.policy).Key("zone_routing").String(cluster.zone_routing);
  json->Key("priorities").Open('[');
  for (const Snapshot::Priority& priority : cluster.priorities) {
    json->Open('{').Key("priority").Number(uint64_t{priority.priority});
    json->Key("state").String(priority.state).Key("usable").Number(priority.usable);
    json->Key("ready").Number(priority.ready).Key("connecting").Number(priority.connecting);
    json->Key("load").Number(uint64_t{priority.load}).Key("panic").Bool(priority.panic);
    json->Key("cluster").String(priority.cluster).Close('}');
  }
  json->Close(']').Key("localities").Open('[');
  for (const Snapshot::LocalityEndpoints& locality : cluster.localities) {
    json->Open('{').Key("locality").String(locality.locality);
    json->Key("priority").Number(uint64_t{locality.priority});
    json->Key("weight").Number(uint64_t{locality.weight});
    WriteShare(locality.share, json);
    json->Key("endpoints").Open('[');
    for (const Snapshot::Endpoint& endpoint : locality.endpoints) {
      json->Open('{').Key("address").String(endpoint.address);
      json->Key("state").String(endpoint.state).Key("health").String(endpoint.health);
      json->Key("weight").Number(uint64_t{endpoint.weight});
      json->Key("in_flight").Number(endpoint.in_flight);
      json->Key("connections").Number(uint64_t{endpoint.connections});
      WriteShare(endpoint.share, json);
      json->Key("excluded").String(endpoint.excluded).Close('}');
    }
    json->Close(']').Key("cluster").String(locality.cluster).Close('}');
  }
  json->Close(']').Key("children").Open('[');
  for (const Snapshot::Child& child : cluster.children) {
    json->Open('{').Key("name").String(child.name).Key("state").String(child.state);
    json->Key("error").String(child.error).Close('}');
  }
  json->Close(']').Key("limits").Open('[');
  for (const Snapshot::Limit& limit : cluster.limits) {
    json->Open('{').Key("name").String(limit.name).Key("priority").String(limit.priority);
    json->Key("limit").Number(limit.limit).Key("in_use").Number(limit.in_use);
    json->Key("remaining").Number(limit.remaining).Key("refused").Number(limit.refused);
    json->Key("cluster").String(limit.cluster).Close('}');
  }
  json->Close(']');
  if (!cluster.named.empty()) {
    json->Key("named").String(cluster.named).Key("subset").String(cluster.subset);
  }
  if (cluster.subset_count == 0) return;
  json->Key("subset_count").Number(cluster.subset_count).Key("subsets").Open('[');
  for (const Snapshot::Subset& subset : cluster.subsets) {
    json->Open('{').Key("metadata").String(subset.metadata).Key("state").String(subset.state);
    json->Key("endpoints").Number(subset.endpoints).Key("ready").Number(subset.ready).Close('}');
  }
  json->Close(']');
}

}  // namespace mesh::tools
