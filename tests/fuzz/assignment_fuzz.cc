// The decoder of endpoints. The input is a message: fields 1 and 2 are two versions of a cluster's
// assignment, field 3 is the profile. The second is decoded against the first and from nothing,
// which must agree; and what the rules of the mesh make of it must be what the messages say.

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mesh/model/endpoints.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "mesh/xds/resources/model_resource.h"
#include "mesh/xds/wire_format.h"
#include "tests/fuzz/decoder_rules.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/seed_resources.h"

namespace mesh::fuzz {
namespace {

using Assignment = model::ClusterLoadAssignment;

std::vector<model::EndpointConfig> Flat(const model::EndpointList& list) {
  std::vector<model::EndpointConfig> flat;
  list.ForEach([&](const model::EndpointConfig& endpoint) { flat.push_back(endpoint); });
  return flat;
}

void CheckSame(const Assignment& a, const Assignment& b) {
  Require(a.cluster_name == b.cluster_name && a.ignored == b.ignored &&
              a.overprovisioning_factor == b.overprovisioning_factor &&
              a.weighted_priority_health == b.weighted_priority_health && a.drops == b.drops &&
              a.localities.size() == b.localities.size(),
          "decoding against a previous version gives the same assignment");
  for (size_t i = 0; i < a.localities.size(); ++i) {
    const model::LocalityEndpoints& one = *a.localities[i];
    const model::LocalityEndpoints& two = *b.localities[i];
    Require(one.locality == two.locality && one.priority == two.priority &&
                one.weight == two.weight && one.endpoints.size() == two.endpoints.size() &&
                Flat(one.endpoints) == Flat(two.endpoints),
            "decoding against a previous version gives the same locality");
  }
}

// Whether `address` can be what is decoded from `from`; names and IPv4 addresses are kept as they
// are, an IPv6 address has many spellings.
bool IsAddressOf(const xds::proto::Address& from, absl::string_view address) {
  if (from.has_pipe()) return address == absl::StrCat("unix:", from.pipe().path());
  const xds::proto::SocketAddress& socket = from.socket_address();
  if (absl::StrContains(socket.address(), ":")) {
    return absl::StartsWith(address, "[") &&
           absl::EndsWith(address, absl::StrCat("]:", socket.port_value()));
  }
  return address == absl::StrCat(socket.address(), ":", socket.port_value());
}

// What protobuf reads in an assignment that was accepted by the rules of the mesh.
void CheckAgainstMessage(absl::string_view bytes, const Assignment& value) {
  xds::proto::ClusterLoadAssignment message;
  Require(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())),
          "what was accepted is a message");
  Require(message.endpoints_size() == static_cast<int>(value.localities.size()),
          "every locality is there");
  for (int i = 0; i < message.endpoints_size(); ++i) {
    const xds::proto::LocalityLbEndpoints& from = message.endpoints(i);
    const model::LocalityEndpoints& to = *value.localities[i];
    Require(to.priority == from.priority() && to.weight == from.load_balancing_weight().value() &&
                to.locality.zone == from.locality().zone(),
            "a locality is what the message says");
    const std::vector<model::EndpointConfig> endpoints = Flat(to.endpoints);
    Require(static_cast<int>(endpoints.size()) == from.lb_endpoints_size(),
            "every endpoint is there");
    for (int k = 0; k < from.lb_endpoints_size(); ++k) {
      const xds::proto::LbEndpoint& endpoint = from.lb_endpoints(k);
      const uint32_t weight =
          endpoint.has_load_balancing_weight() ? endpoint.load_balancing_weight().value() : 1;
      Require(endpoints[k].weight == weight &&
                  static_cast<int>(endpoints[k].health) == endpoint.health_status() &&
                  IsAddressOf(endpoint.endpoint().address(), endpoints[k].address),
              "an endpoint is what the message says");
    }
  }
}

void CheckExtras(const model::EndpointExtras& extras) {
  Require(extras.health_check_port <= 65535, "a port is one");
  Require(std::is_sorted(extras.metadata.begin(), extras.metadata.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; }),
          "metadata are sorted");
  Require(std::adjacent_find(extras.metadata.begin(), extras.metadata.end(),
                             [](const auto& a, const auto& b) { return a.first == b.first; }) ==
              extras.metadata.end(),
          "a key is there once");
  Require(!(extras == model::EndpointExtras()), "extras are something");
}

void CheckShape(const Assignment& value) {
  Require(value.drops.size() <= 128, "drops are few");
  for (const model::DropCategory& drop : value.drops) {
    Require(!drop.name.empty() && drop.per_million <= 1'000'000, "a drop is one");
  }
  std::vector<uint64_t> weights;
  for (const auto& locality : value.localities) {
    if (weights.size() <= locality->priority) weights.resize(locality->priority + 1);
    weights[locality->priority] += locality->weight + (uint64_t{1} << 40);  // counted, too
    locality->endpoints.ForEach([](const model::EndpointConfig& endpoint) {
      if (endpoint.extras != nullptr) CheckExtras(*endpoint.extras);
    });
    for (const auto& chunk : locality->endpoints.chunks()) {
      Require(
          !chunk->endpoints.empty() && chunk->endpoints.size() <= model::EndpointList::kChunkSize,
          "a chunk has its size");
    }
  }
  for (const uint64_t weight : weights) {
    Require(weight > 0, "priorities are contiguous");
    Require((weight & ((uint64_t{1} << 40) - 1)) <= 0xffffffff, "weights add up to 32 bits");
  }
}

#ifdef MESH_FUZZ_PLANTED_BUG
// A mistake as it might be made: the last place of a table, for all that is larger, is not there.
// No seed has such a weight.
void CountByWeight(const Assignment& value) {
  constexpr uint32_t kLargest = 60;
  const std::vector<int> table(kLargest + 1);
  volatile int sum = 0;
  for (const auto& locality : value.localities) {
    locality->endpoints.ForEach([&](const model::EndpointConfig& endpoint) {
      sum = sum + table.data()[std::min(endpoint.weight, kLargest + 1)];
    });
  }
}
#else
void CountByWeight(const Assignment&) {}
#endif

void Check(Profile profile, absl::string_view first, absl::string_view second) {
  const xds::ResourceType& type = *TypesOf(profile).cluster_load_assignment;
  const xds::DecodeResult old = CheckedDecode(type, first);
  const xds::DecodeResult whole = CheckedDecode(type, second);
  if (old.resource != nullptr) {
    // Of another name, the client would not give it.
    const bool related = old.name == whole.name;
    const xds::DecodeResult result = CheckedDecode(type, second, related ? old.resource : nullptr);
    Require(result.error == whole.error,
            "decoding against a previous version gives the same error");
    if (result.resource != nullptr) {
      CheckSame(*xds::ModelOf<Assignment>(result.resource),
                *xds::ModelOf<Assignment>(whole.resource));
    }
  }
  if (whole.resource == nullptr) return;
  const auto value = xds::ModelOf<Assignment>(whole.resource);
  CheckShape(*value);
  if (profile == Profile::kMesh) CheckAgainstMessage(second, *value);
  CountByWeight(*value);
}

}  // namespace

bool IsWireFormat() { return true; }

void RunInput(absl::string_view input) {
  absl::string_view versions[3];
  uint64_t profile = 0;
  xds::WireReader reader(input);
  while (reader.Next()) {
    if (reader.is_bytes(1) || reader.is_bytes(2)) versions[reader.field()] = reader.bytes();
    if (reader.is_varint(3)) profile = reader.number();
  }
  Check(kProfiles[profile % std::size(kProfiles)], versions[1], versions[2]);
}

std::vector<std::string> Seeds() {
  const std::vector<std::string> assignments = AssignmentSeeds();
  std::vector<std::string> seeds;
  uint64_t profile = 0;
  for (const std::string& first : assignments) {
    for (const std::string& second : assignments) {
      if (first.size() + second.size() > 8000) continue;  // the largest: with itself only
      seeds.emplace_back();
      AppendNumberField(3, profile++, &seeds.back());
      AppendBytesField(1, first, &seeds.back());
      AppendBytesField(2, second, &seeds.back());
    }
  }
  seeds.emplace_back();
  AppendBytesField(1, assignments.back(), &seeds.back());
  AppendBytesField(2, assignments.back(), &seeds.back());
  return seeds;
}

}  // namespace mesh::fuzz
