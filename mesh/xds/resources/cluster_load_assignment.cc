#include "mesh/xds/resources/cluster_load_assignment.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "mesh/model/endpoints.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "mesh/xds/resources/common.h"
#include "mesh/xds/resources/endpoint_chunks.h"
#include "mesh/xds/resources/endpoint_decoder.h"
#include "mesh/xds/resources/locality_decoder.h"
#include "mesh/xds/resources/parse_cost.h"
#include "mesh/xds/resources/whole_resource.h"
#include "mesh/xds/resources/wire_copy.h"

namespace mesh::xds {
namespace {

constexpr uint32_t kMostPriority = 128;  // envoy endpoint_components.proto
constexpr int kMostDrops = 128;          // every call goes through them
// Far more than anybody has; a hostile assignment could have one for every nine bytes.
constexpr size_t kMostLocalities = 1 << 16;
constexpr size_t kMostNames = 1000;  // of hosts
constexpr uint64_t kMostWeight = std::numeric_limits<uint32_t>::max();

// What is known of a locality before its endpoints are read: the bytes of its name, and how many
// received before it had the same. Enough to find what to compare it with: a wrong guess costs
// time, no more.
using LocalityHint = std::pair<std::string, size_t>;

// A locality and what its next version is compared with.
struct DecodedLocality {
  LocalityHint hint;
  std::shared_ptr<const model::LocalityEndpoints> value;
  EndpointChunks chunks;
};

// Immutable.
class EndpointsResource final : public ModelResource<model::ClusterLoadAssignment> {
 public:
  EndpointsResource(model::ClusterLoadAssignment v, std::vector<DecodedLocality> decoded,
                    FieldNames names)
      : ModelResource(std::move(v)),
        localities(std::move(decoded)),
        field_names(std::move(names)) {}

  const std::vector<DecodedLocality> localities;  // those of the value, in its order
  const FieldNames field_names;                   // that the chunks refer to
};

// Decodes one resource, once.
class Decoder {
 public:
  Decoder(Profile profile, const FieldTable* fields, const EndpointsResource* old)
      : decoding_(profile, fields),
        old_(old),
        names_(old == nullptr ? FieldNames() : old->field_names),
        endpoints_(profile, fields, &names_) {
    if (old == nullptr) return;
    for (const DecodedLocality& locality : old->localities) {
      old_localities_.emplace(locality.hint, &locality);
    }
  }

  DecodeResult Run(absl::string_view bytes, std::string name,
                   std::shared_ptr<const Resource> previous);
  // For DecodeLoadAssignment().
  std::shared_ptr<const model::ClusterLoadAssignment> RunInCluster(absl::string_view bytes,
                                                                   Decoding* decoding);

 private:
  // All but what is done with the result.
  void Read(absl::string_view bytes);
  void DecodeLocality(absl::string_view bytes);
  // Whether the locality counts.
  bool CheckLocality(const proto::LocalityLbEndpoints& locality);
  void CheckWeight(const EndpointChunks& chunks);
  void DecodePolicy(const proto::ClusterLoadAssignment& message);
  void CheckPriorities();
  void CheckAddresses();
  void CheckNames();
  LocalityHint HintOf(absl::string_view bytes);
  bool IsAsBefore() const;

  Decoding decoding_;
  const EndpointsResource* const old_;  // or null
  FieldNames names_;
  EndpointDecoder endpoints_;
  absl::flat_hash_map<LocalityHint, const DecodedLocality*> old_localities_;
  absl::flat_hash_map<std::string, size_t> times_seen_;
  std::vector<DecodedLocality> localities_;
  uint32_t ignored_by_endpoints_ = 0;
  size_t received_ = 0;      // localities
  bool in_cluster_ = false;  // see DecodeLoadAssignment()
  std::map<uint32_t, uint64_t> weight_of_priority_;
  std::set<std::pair<uint32_t, std::string>> seen_;  // priority and locality
  model::ClusterLoadAssignment value_;
};

LocalityHint Decoder::HintOf(absl::string_view bytes) {
  WireReader reader(bytes);
  // Whoever writes fields in their order writes the name first.
  LocalityHint hint(reader.Next() && reader.is_bytes(1) ? std::string(reader.bytes()) : "", 0);
  hint.second = times_seen_[hint.first]++;
  return hint;
}

model::EndpointList ListOf(const EndpointChunks& chunks) {
  std::vector<std::shared_ptr<const model::EndpointList::Chunk>> list;
  list.reserve(chunks.size());
  for (const std::shared_ptr<const EndpointChunk>& chunk : chunks) list.push_back(chunk->chunk);
  return model::EndpointList(std::move(list));
}

bool Decoder::CheckLocality(const proto::LocalityLbEndpoints& locality) {
  FieldErrors& errors = decoding_.errors;
  if (!locality.has_locality() && !in_cluster_) errors.Add("locality", "missing");
  const uint32_t weight = locality.load_balancing_weight().value();
  if (decoding_.grpc() && weight == 0 && !in_cluster_) return false;
  const uint32_t priority = locality.priority();
  if (priority > kMostPriority && !decoding_.grpc()) {
    errors.Add("priority", absl::StrCat(priority, " is more than ", kMostPriority));
  }
  weight_of_priority_[priority] += weight;
  const model::Locality where{locality.locality().region(), locality.locality().zone(),
                              locality.locality().sub_zone()};
  // Within a cluster most localities have no name.
  if (!seen_.emplace(priority, locality.locality().SerializeAsString()).second && !in_cluster_) {
    errors.Add("locality",
               absl::StrCat("\"", where.ToString(), "\" is there twice in priority ", priority));
  }
  return true;
}

void Decoder::CheckWeight(const EndpointChunks& chunks) {
  uint64_t weight = 0;
  for (const std::shared_ptr<const EndpointChunk>& chunk : chunks) {
    weight += chunk->weight;
    ignored_by_endpoints_ |= chunk->ignored_any;
  }
  if (weight <= kMostWeight) return;
  decoding_.errors.Add("lb_endpoints",
                       absl::StrCat("the sum of weights, ", weight, ", is out of range"));
}

void Decoder::DecodeLocality(absl::string_view bytes) {
  FieldErrors& errors = decoding_.errors;
  const FieldErrors::Scope scope(&errors, "endpoints", received_);
  ++received_;
  LocalityHint hint = HintOf(bytes);
  const auto it = old_localities_.find(hint);
  const DecodedLocality* old = it == old_localities_.end() ? nullptr : it->second;
  FieldErrors endpoint_errors;  // apart, as those of a locality that does not count do not either
  const FieldErrors::Scope endpoint_scope(&endpoint_errors, errors.path());
  LocalityParts parts = DecodeLocalityParts(bytes, old == nullptr ? EndpointChunks() : old->chunks,
                                            &endpoints_, &endpoint_errors);
  proto::LocalityLbEndpoints message;
  if (!parts.ok || IsTooCostly(message.GetDescriptor(), parts.header) ||
      !message.ParseFromString(parts.header)) {
    errors.Add("the bytes are not a LocalityLbEndpoints");
    return;
  }
  decoding_.Check(message);
  if (!CheckLocality(message)) {
    // Nothing else tells of the endpoints.
    if (!parts.chunks.empty()) decoding_.Ignore("lb_endpoints, of a locality without weight");
    return;
  }
  errors.Merge(endpoint_errors);
  CheckWeight(parts.chunks);

  auto value = std::make_shared<model::LocalityEndpoints>();
  value->locality = {message.locality().region(), message.locality().zone(),
                     message.locality().sub_zone()};
  value->priority = message.priority();
  value->weight = message.load_balancing_weight().value();
  DecodedLocality decoded;
  if (old != nullptr && old->chunks == parts.chunks && old->value->locality == value->locality &&
      old->value->priority == value->priority && old->value->weight == value->weight) {
    decoded = *old;
  } else {
    value->endpoints = ListOf(parts.chunks);
    decoded.hint = std::move(hint);
    decoded.value = std::move(value);
    decoded.chunks = std::move(parts.chunks);
  }
  localities_.push_back(std::move(decoded));
}

void Decoder::CheckPriorities() {
  uint32_t expected = 0;
  for (const auto& [priority, weight] : weight_of_priority_) {
    if (priority != expected) {
      decoding_.errors.Add(
          "endpoints", absl::StrCat("priority ", expected, " is empty, but ", priority, " is not"));
      break;
    }
    ++expected;
  }
  for (const auto& [priority, weight] : weight_of_priority_) {
    if (weight <= kMostWeight) continue;
    decoding_.errors.Add("endpoints",
                         absl::StrCat("the sum of the weights of localities of priority ", priority,
                                      ", ", weight, ", is out of range"));
  }
}

// Each of them is asked for again and again.
void Decoder::CheckNames() {
  if (!value_.has_names()) return;
  absl::flat_hash_set<absl::string_view> hosts;
  for (const std::shared_ptr<const model::LocalityEndpoints>& locality : value_.localities) {
    locality->endpoints.ForEach([&hosts](const model::EndpointConfig& endpoint) {
      const absl::string_view address = endpoint.address;
      if (model::IsNamed(endpoint)) hosts.insert(address.substr(0, address.rfind(':')));
    });
  }
  if (hosts.size() > kMostNames) {
    decoding_.errors.Add("endpoints", absl::StrCat("more than ", kMostNames, " names"));
  }
}

// gRPC alone demands that no address is there twice.
void Decoder::CheckAddresses() {
  absl::flat_hash_set<absl::string_view> seen;
  const auto check = [&](absl::string_view address) {
    if (seen.insert(address).second) return;
    decoding_.errors.Add("endpoints", absl::StrCat("address ", address, " is there twice"));
  };
  for (const DecodedLocality& locality : localities_) {
    for (const std::shared_ptr<const EndpointChunk>& chunk : locality.chunks) {
      for (const model::EndpointConfig& endpoint : chunk->chunk->endpoints) check(endpoint.address);
      for (const auto& [index, address] : chunk->additional) check(address);
    }
  }
}

// Of calls in a million; by the number of the denominator (envoy.type.v3.FractionalPercent).
constexpr uint64_t kPerMillion[] = {10'000, 100, 1};
constexpr uint64_t kMillion = 1'000'000;

model::DropCategory DecodeDrop(const proto::ClusterLoadAssignment::Policy::DropOverload& drop,
                               Decoding* decoding) {
  FieldErrors& errors = decoding->errors;
  model::DropCategory result;
  result.name = drop.category();
  if (result.name.empty()) errors.Add("category", "empty");
  const int denominator = drop.drop_percentage().denominator();
  if (denominator < 0 || denominator > 2) {
    errors.Add("drop_percentage.denominator", absl::StrCat("unknown value ", denominator));
    return result;
  }
  const uint64_t rate = drop.drop_percentage().numerator() * kPerMillion[denominator];
  result.per_million = static_cast<uint32_t>(std::min(rate, kMillion));
  return result;
}

void Decoder::DecodePolicy(const proto::ClusterLoadAssignment& message) {
  FieldErrors& errors = decoding_.errors;
  const FieldErrors::Scope scope(&errors, "policy");
  const proto::ClusterLoadAssignment::Policy& policy = message.policy();
  // envoy upstream_impl.cc
  const int most_drops = decoding_.profile() == Profile::kEnvoy ? 1 : kMostDrops;
  if (policy.drop_overloads_size() > most_drops) {
    errors.Add("drop_overloads",
               absl::StrCat(policy.drop_overloads_size(), " are more than ", most_drops));
  } else {
    for (int i = 0; i < policy.drop_overloads_size(); ++i) {
      const FieldErrors::Scope drop(&errors, "drop_overloads", i);
      value_.drops.push_back(DecodeDrop(policy.drop_overloads(i), &decoding_));
    }
  }
  if (policy.has_overprovisioning_factor() && !decoding_.grpc()) {
    value_.overprovisioning_factor = policy.overprovisioning_factor().value();
    if (value_.overprovisioning_factor == 0) errors.Add("overprovisioning_factor", "zero");
  }
  value_.weighted_priority_health = policy.weighted_priority_health() && !decoding_.grpc();
}

bool Decoder::IsAsBefore() const {
  return old_ != nullptr && old_->value.localities == value_.localities &&
         old_->value.overprovisioning_factor == value_.overprovisioning_factor &&
         old_->value.weighted_priority_health == value_.weighted_priority_health &&
         old_->value.drops == value_.drops && old_->value.ignored == value_.ignored;
}

void Decoder::Read(absl::string_view bytes) {
  FieldErrors& errors = decoding_.errors;
  std::string rest;  // all but the localities
  WireReader reader(bytes);
  while (!errors.too_many() && reader.Next()) {
    if (reader.is_bytes(2) && received_ == kMostLocalities) {
      errors.Add("endpoints", absl::StrCat("more than ", kMostLocalities, " localities"));
      break;
    }
    if (reader.is_bytes(2)) {
      DecodeLocality(reader.bytes());
    } else {
      AppendField(reader, &rest);
    }
  }
  proto::ClusterLoadAssignment message;
  if (!reader.ok() || IsTooCostly(message.GetDescriptor(), rest) ||
      !message.ParseFromString(rest)) {
    errors.Add("the bytes are not a message of its type");
  } else {
    decoding_.Check(message);
    DecodePolicy(message);
    CheckPriorities();
    value_.cluster_name = message.cluster_name();
  }
  for (const DecodedLocality& locality : localities_) value_.localities.push_back(locality.value);
  CheckNames();
}

std::shared_ptr<const model::ClusterLoadAssignment> Decoder::RunInCluster(absl::string_view bytes,
                                                                          Decoding* decoding) {
  in_cluster_ = true;
  {
    const FieldErrors::Scope scope(&decoding_.errors, "load_assignment");
    Read(bytes);
    if (value_.cluster_name.empty() && !decoding_.grpc()) {
      decoding_.errors.Add("cluster_name", "empty");
    }
  }
  decoding->errors.Merge(decoding_.errors);
  for (const std::string& field : decoding_.ignored()) decoding->Ignore(field);
  for (const std::string& field : names_.Names(ignored_by_endpoints_)) decoding->Ignore(field);
  return std::make_shared<const model::ClusterLoadAssignment>(std::move(value_));
}

DecodeResult Decoder::Run(absl::string_view bytes, std::string name,
                          std::shared_ptr<const Resource> previous) {
  FieldErrors& errors = decoding_.errors;
  DecodeResult result;
  result.name = std::move(name);
  if (result.name.empty()) errors.Add("cluster_name", "empty");
  Read(bytes);
  for (const std::string& field : names_.Names(ignored_by_endpoints_)) decoding_.Ignore(field);
  value_.cluster_name = result.name;
  value_.ignored = decoding_.ignored();
  if (errors.ok() && IsAsBefore()) {
    result.resource = std::move(previous);
    return result;
  }
  if (decoding_.grpc()) CheckAddresses();
  if (errors.ok()) {
    result.resource = std::make_shared<const EndpointsResource>(
        std::move(value_), std::move(localities_), std::move(names_));
  } else {
    result.error = ErrorOf(decoding_, "cluster load assignment", result.name);
  }
  return result;
}

class ClusterLoadAssignmentType final : public ResourceType {
 public:
  explicit ClusterLoadAssignmentType(Profile profile)
      : profile_(profile), fields_({EndpointFields(), CoreFields()}) {}

  absl::string_view type_url() const override {
    return "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
  }
  bool absence_is_deletion() const override { return false; }
  DecodeResult Decode(absl::string_view bytes, Previous previous) const override {
    std::string name(NameIn(bytes).name);
    std::shared_ptr<const Resource> old = name.empty() ? nullptr : previous(name);
    Decoder decoder(profile_, &fields_, static_cast<const EndpointsResource*>(old.get()));
    return decoder.Run(bytes, std::move(name), std::move(old));
  }

 private:
  const Profile profile_;
  const FieldTable fields_;
};

}  // namespace

std::shared_ptr<const model::ClusterLoadAssignment> DecodeLoadAssignment(absl::string_view bytes,
                                                                         Decoding* decoding) {
  return Decoder(decoding->profile(), decoding->fields(), nullptr).RunInCluster(bytes, decoding);
}

std::unique_ptr<const ResourceType> NewClusterLoadAssignmentType(Profile profile) {
  return std::make_unique<const ClusterLoadAssignmentType>(profile);
}

}  // namespace mesh::xds
