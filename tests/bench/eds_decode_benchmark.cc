// What an update of a cluster's endpoints costs when one of them changed, against a plain pass
// that hashes each endpoint's bytes, which is the least that finds out what changed.

#include <array>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "mesh/base/hash128.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "mesh/xds/proto/metadata.pb.h"
#include "mesh/xds/resources/types.h"
#include "mesh/xds/wire_format.h"

namespace mesh::xds {
namespace {

// One locality of `count` endpoints, of which the one in the middle has the given weight.
std::string Bytes(int count, uint32_t weight) {
  proto::ClusterLoadAssignment message;
  message.set_cluster_name("echo");
  proto::LocalityLbEndpoints* locality = message.add_endpoints();
  locality->mutable_locality()->set_region("region");
  locality->mutable_load_balancing_weight()->set_value(1);
  for (int i = 0; i < count; ++i) {
    proto::LbEndpoint* endpoint = locality->add_lb_endpoints();
    endpoint->set_health_status(1);
    endpoint->mutable_load_balancing_weight()->set_value(i == count / 2 ? weight : 100);
    proto::SocketAddress* address =
        endpoint->mutable_endpoint()->mutable_address()->mutable_socket_address();
    address->set_address(absl::StrCat("10.", i >> 16, ".", (i >> 8) & 255, ".", i & 255));
    address->set_port_value(8080);
  }
  return message.SerializeAsString();
}

uint64_t HashEndpoints(absl::string_view bytes) {
  uint64_t sum = 0;
  for (WireReader cluster(bytes); cluster.Next();) {
    if (!cluster.is_bytes(2)) continue;
    for (WireReader locality(cluster.bytes()); locality.Next();) {
      if (locality.is_bytes(2)) sum += HashBytes(locality.bytes()).low;
    }
  }
  return sum;
}

void BM_PlainPass(benchmark::State& state) {
  const std::string bytes = Bytes(state.range(0), 1);
  for (auto _ : state) benchmark::DoNotOptimize(HashEndpoints(bytes));
}

void BM_OneEndpointChanged(benchmark::State& state) {
  const ResourceTypes types = NewResourceTypes(Profile::kMesh);
  const std::array<std::string, 2> versions = {Bytes(state.range(0), 1), Bytes(state.range(0), 2)};
  std::shared_ptr<const Resource> resource;
  const auto decode = [&](size_t version) {
    DecodeResult result = types.cluster_load_assignment->Decode(
        versions[version], [&](absl::string_view) { return resource; });
    resource = std::move(result.resource);
  };
  decode(1);
  size_t version = 0;
  for (auto _ : state) {
    decode(version);
    version = 1 - version;
  }
}

void BM_FromNothing(benchmark::State& state) {
  const ResourceTypes types = NewResourceTypes(Profile::kMesh);
  const std::string bytes = Bytes(state.range(0), 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        types.cluster_load_assignment->Decode(bytes, [](absl::string_view) { return nullptr; }));
  }
}

// As istiod writes them: two entries that are of no use here, and a version for subsets.
void AddMetadata(int i, proto::LbEndpoint* endpoint) {
  const auto add = [&](const char* filter, const char* key, const std::string& value) {
    proto::Struct fields;
    proto::StructField* field = fields.add_fields();
    field->set_key(key);
    field->mutable_value()->set_string_value(value);
    proto::FilterMetadata* entry = endpoint->mutable_metadata()->add_filter_metadata();
    entry->set_key(filter);
    entry->set_value(fields.SerializeAsString());
  };
  add("envoy.transport_socket_match", "tlsMode", "istio");
  add("istio", "workload", "reviews-v1;prod;reviews;v1;Kubernetes");
  add("envoy.lb", "version", i % 2 == 0 ? "v1" : "v2");
}

void BM_FromNothingWithMetadata(benchmark::State& state) {
  const ResourceTypes types = NewResourceTypes(Profile::kMesh);
  proto::ClusterLoadAssignment message;
  message.ParseFromString(Bytes(state.range(0), 1));
  for (int i = 0; i < state.range(0); ++i) {
    AddMetadata(i, message.mutable_endpoints(0)->mutable_lb_endpoints(i));
  }
  const std::string bytes = message.SerializeAsString();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        types.cluster_load_assignment->Decode(bytes, [](absl::string_view) { return nullptr; }));
  }
}

BENCHMARK(BM_PlainPass)->RangeMultiplier(10)->Range(1000, 100000);
BENCHMARK(BM_OneEndpointChanged)->RangeMultiplier(10)->Range(1000, 100000);
BENCHMARK(BM_FromNothing)->RangeMultiplier(10)->Range(1000, 100000);
BENCHMARK(BM_FromNothingWithMetadata)->RangeMultiplier(10)->Range(1000, 100000);

}  // namespace
}  // namespace mesh::xds
