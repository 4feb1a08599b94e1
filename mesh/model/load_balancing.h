#ifndef MESH_MODEL_LOAD_BALANCING_H_
#define MESH_MODEL_LOAD_BALANCING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "mesh/model/metadata_match.h"

namespace mesh::model {

// How an endpoint of a locality (of a priority, for those that hash) is chosen.
enum class LbPolicy {
  kRoundRobin,
  kLeastRequest,
  kRingHash,
  kMaglev,
  kRandom,
  kPickFirst,
  kClientSideWeightedRoundRobin,
};

// envoy least_request.proto, gRFC A48.
struct LeastRequest {
  uint32_t choice_count = 2;         // endpoints that are compared; at least 2
  double active_request_bias = 1.0;  // the exponent of in-flight calls, with unequal weights
  bool full_scan = false;            // compare all of them

  bool operator==(const LeastRequest& other) const {
    return choice_count == other.choice_count && active_request_bias == other.active_request_bias &&
           full_scan == other.full_scan;
  }
};

// envoy ring_hash.proto, gRFC A42.
struct RingHash {
  uint64_t minimum_size = 1024;       // entries; 1 to 8,388,608
  uint64_t maximum_size = 8'388'608;  // not below the minimum

  bool operator==(const RingHash& other) const {
    return minimum_size == other.minimum_size && maximum_size == other.maximum_size;
  }
};

// envoy maglev.proto.
struct Maglev {
  uint32_t table_size = 65'537;  // prime; up to 5,000,011

  bool operator==(const Maglev& other) const { return table_size == other.table_size; }
};

// gRFC A62.
struct PickFirst {
  bool shuffle = false;  // the order of addresses, once

  bool operator==(const PickFirst& other) const { return shuffle == other.shuffle; }
};

// Round robin by what endpoints report of their load (envoy client_side_weighted_round_robin.proto,
// gRFC A58, A78).
struct ClientSideWeightedRoundRobin {
  // Endpoints report out of band, so often (0: as often as they do), and what they report with
  // calls does not count; none: they report with calls (gRFC A51).
  std::optional<absl::Duration> oob_reporting_period;
  // How long an endpoint has reported before its weight counts; 0: at once.
  absl::Duration blackout_period = absl::Seconds(10);
  // Without a report for so long its weight does not count any more; not below 0.
  absl::Duration weight_expiration_period = absl::Minutes(3);
  // How often weights are looked at; at least kLeastUpdatePeriod.
  absl::Duration weight_update_period = absl::Seconds(1);
  double error_utilization_penalty = 1.0;  // finite, not below 0
  // The metrics whose greatest is the utilization where the application says none, as
  // `mem_utilization` or `named_metrics.queue`; none: the CPU's is (gRFC A114).
  std::vector<std::string> metric_names_for_computing_utilization;

  static constexpr absl::Duration kLeastUpdatePeriod = absl::Milliseconds(100);

  bool operator==(const ClientSideWeightedRoundRobin& other) const {
    return oob_reporting_period == other.oob_reporting_period &&
           blackout_period == other.blackout_period &&
           weight_expiration_period == other.weight_expiration_period &&
           weight_update_period == other.weight_update_period &&
           error_utilization_penalty == other.error_utilization_penalty &&
           metric_names_for_computing_utilization == other.metric_names_for_computing_utilization;
  }
};

// What a new endpoint's weight is multiplied with while it warms up (round robin, also that by load
// reports, and least request): max(min_weight, (age / window) ^ (1 / aggression)) (envoy
// common.proto).
struct SlowStart {
  absl::Duration window;    // above 0
  double aggression = 1.0;  // above 0
  double min_weight = 0.1;  // 0 to 1

  bool operator==(const SlowStart& other) const {
    return window == other.window && aggression == other.aggression &&
           min_weight == other.min_weight;
  }
};

// Subsets of endpoints by their `envoy.lb` metadata (envoy cluster.proto, LbSubsetConfig). A value.
struct SubsetSelection {
  enum class Fallback {
    kNone,
    kAnyEndpoint,
    kDefaultSubset,
    kFewerKeys,  // of selectors only: the call is looked up again by Selector::fallback_keys
  };
  // Makes a subset of each combination of values that endpoints have for its keys.
  struct Selector {
    std::vector<std::string> keys;  // sorted, each once; not empty
    // Where a call's values make no subset; none: what the cluster says.
    std::optional<Fallback> fallback;
    std::vector<std::string> fallback_keys;  // sorted, each once; some of `keys`, not all
    // Of the endpoints of a subset one takes calls, at each priority: the first by address.
    bool single_host_per_subset = false;

    bool operator==(const Selector& other) const {
      return keys == other.keys && fallback == other.fallback &&
             fallback_keys == other.fallback_keys &&
             single_host_per_subset == other.single_host_per_subset;
    }
  };

  Fallback fallback = Fallback::kNone;  // of calls that name no metadata, or those of no selector
  MetadataFields default_subset;
  std::vector<Selector> selectors;  // no two of the same keys
  // Where localities share by weight, they do so in proportion to the endpoints of theirs that are
  // in the subset, rounded to whole weights.
  bool scale_locality_weight = false;
  bool list_as_any = false;     // an endpoint whose value is a list has each of its elements
  bool panic_mode_any = false;  // where the default subset cannot take a call, any endpoint does
  bool obeys_fallback_list = false;   // see MetadataMatch::alternatives()
  bool allow_redundant_keys = false;  // the first selector counts whose keys a call names all

  bool operator==(const SubsetSelection& other) const {
    return fallback == other.fallback && default_subset == other.default_subset &&
           selectors == other.selectors && scale_locality_weight == other.scale_locality_weight &&
           list_as_any == other.list_as_any && panic_mode_any == other.panic_mode_any &&
           obeys_fallback_list == other.obeys_fallback_list &&
           allow_redundant_keys == other.allow_redundant_keys;
  }
};

// How a policy chooses: the part of it that is `policy`'s counts. A value.
struct LoadBalancing {
  LbPolicy policy = LbPolicy::kRoundRobin;
  LeastRequest least_request;
  RingHash ring_hash;
  Maglev maglev;
  PickFirst pick_first;
  ClientSideWeightedRoundRobin client_side_weighted_round_robin;
  // For kRingHash and kMaglev: the most calls in flight on an endpoint, in percent of the
  // average; 0: any number.
  uint32_t hash_balance_factor = 0;
  // For kRingHash and kMaglev: an endpoint without a hash_key is hashed by its hostname, if it has
  // one; else by its address (envoy common.proto, use_hostname_for_hashing).
  bool hashes_hostname = false;
  std::optional<SlowStart> slow_start;

  bool operator==(const LoadBalancing& other) const {
    return policy == other.policy && least_request == other.least_request &&
           ring_hash == other.ring_hash && maglev == other.maglev &&
           pick_first == other.pick_first &&
           client_side_weighted_round_robin == other.client_side_weighted_round_robin &&
           hash_balance_factor == other.hash_balance_factor &&
           hashes_hostname == other.hashes_hostname && slow_start == other.slow_start;
  }
  bool hashes() const { return policy == LbPolicy::kRingHash || policy == LbPolicy::kMaglev; }
};

}  // namespace mesh::model

#endif  // MESH_MODEL_LOAD_BALANCING_H_
