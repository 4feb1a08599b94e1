#ifndef TESTS_SIMULATION_SIM_TARGET_H_
#define TESTS_SIMULATION_SIM_TARGET_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mesh/base/serializer.h"
#include "mesh/call/channel_core.h"
#include "resolver/xds/xds_resolver.h"
#include "tests/simulation/config_ledger.h"
#include "tests/simulation/plant.h"

namespace mesh::simulation {

// The real resolver of a target, overheard: what it hands on is entered in the ledger first. It
// hands on something else where a fault is planted. Serializer-bound.
class OverheardResolver final : public resolver::Resolver, private resolver::ResolverObserver {
 public:
  // All outlive the resolver.
  OverheardResolver(std::string target, std::unique_ptr<resolver::XdsResolver> resolver,
                    Serializer* serializer, ConfigLedger* ledger, Plant plant,
                    std::function<void()> at_moment)
      : target_(std::move(target)),
        serializer_(serializer),
        ledger_(ledger),
        plant_(plant),
        at_moment_(std::move(at_moment)),
        resolver_(std::move(resolver)) {}

  void Start(resolver::ResolverObserver* observer) override;
  std::vector<std::pair<std::string, std::string>> dependencies() const {
    return resolver_->dependencies();
  }

 private:
  void OnConfig(std::shared_ptr<const model::ServiceConfig> config) override;
  void OnError(const absl::Status& status) override;
  void SettleSoon(uint64_t token);

  const std::string target_;
  Serializer* const serializer_;
  ConfigLedger* const ledger_;
  const Plant plant_;
  const std::function<void()> at_moment_;  // called when something was handed on
  resolver::ResolverObserver* observer_ = nullptr;
  std::shared_ptr<const model::ServiceConfig> last_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  const std::unique_ptr<resolver::XdsResolver> resolver_;
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_SIM_TARGET_H_
