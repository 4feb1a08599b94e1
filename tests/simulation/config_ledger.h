#ifndef TESTS_SIMULATION_CONFIG_LEDGER_H_
#define TESTS_SIMULATION_CONFIG_LEDGER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mesh/cluster/endpoint.h"
#include "mesh/model/connection_options.h"
#include "mesh/model/metadata_match.h"
#include "mesh/model/service_config.h"
#include "tests/simulation/violations.h"

namespace mesh::simulation {

// The clusters of a configuration, and the children of those that aggregate others.
std::vector<std::shared_ptr<const model::ClusterConfig>> AllOf(const model::ServiceConfig& config);

// What every target was configured to be, as its resolver handed it on: holds picks to it.
//
// A configuration is in force for those who pick once it was handed on and the serializer has
// worked off what that made it post (a cluster publishes its picker in its next turn). Until then
// what it replaced may still be read; afterwards not. Serializer-bound, and for the simulation's
// one thread.
class ConfigLedger {
 public:
  using Config = std::shared_ptr<const model::ServiceConfig>;

  ConfigLedger(Trace* trace, Violations* violations) : trace_(trace), violations_(violations) {}

  // Where only some endpoints are connected, they come and go: then only picks are checked.
  void set_keeps_identity(bool keeps) { keeps_identity_ = keeps; }

  // `target` is about to be given `config`; null: an error. Returns a token for Settle().
  uint64_t Hand(const std::string& target, Config config);
  // The target is no more.
  void Forget(const std::string& target);
  // What `token` stands for is in force now.
  void Settle(uint64_t token);

  // Checks a pick; `cluster` may be empty where it is not known.
  void OnPick(const std::string& target, const std::string& cluster, const std::string& address);
  // The same, with the object: an endpoint is the same one through every update that keeps it.
  void OnPick(const std::string& target, const std::string& cluster,
              const cluster::Endpoint& endpoint);

  const Config& current(const std::string& target) { return current_[target]; }
  // How many were handed on.
  uint64_t count() const { return last_; }
  // All clusters of all targets' configurations, with the names of their assignments.
  std::set<std::string> Clusters() const;

  // Endpoints that were picked and are still configured, with their addresses.
  using Seen = std::map<std::pair<std::string, std::string>, const cluster::Endpoint*>;
  const Seen& seen() const { return seen_; }

 private:
  struct Former {
    uint64_t token;
    std::string target;
    Config config;
  };

  // Endpoints are other objects where connections of other options are made.
  void NoteConnections(const model::ServiceConfig& config);
  // What calls to a target may name; null: nothing.
  using Matches = std::set<std::shared_ptr<const model::MetadataMatch>>;
  Matches MatchesOf(const std::string& target);
  static bool Has(const Config& config, const std::string& cluster, const std::string& address,
                  const Matches& matches);
  void CheckRoutes(const std::string& target, const model::ServiceConfig& config);
  void ForgetEndpoints(const model::ClusterConfig& cluster);
  void ForgetClusters();

  Trace* const trace_;
  Violations* const violations_;
  bool keeps_identity_ = true;
  uint64_t last_ = 0;
  std::map<std::string, Config> current_;                        // by target
  std::vector<Former> former_;                                   // may still be read
  Seen seen_;                                                    // by Key() and address
  std::map<std::string, model::ConnectionOptions> connections_;  // by Key(), as of the last config
  std::set<std::string> made_anew_;                              // Key()s that had several
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_CONFIG_LEDGER_H_
