#ifndef TESTS_RESOLVER_RECORDING_OBSERVER_H_
#define TESTS_RESOLVER_RECORDING_OBSERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "mesh/model/service_config.h"
#include "resolver/resolver.h"

namespace mesh::testing {

// Keeps what a resolver says. Serializer-bound.
class RecordingObserver final : public resolver::ResolverObserver {
 public:
  void OnConfig(std::shared_ptr<const model::ServiceConfig> config) override;
  void OnError(const absl::Status& status) override;

  // `a[1.1.1.1:1 1.1.1.1:2] b!cause c{a[...] b!cause}`, `c` an aggregate, each with `~ambient`
  // where there is one, and
  // `| ambient errors` at the end.
  static std::string Describe(const model::ServiceConfig& config);

  // What was said since the last call: configurations as Describe() has them, `error: ...`.
  std::vector<std::string> Take();

  std::vector<std::shared_ptr<const model::ServiceConfig>> configs;
  absl::Status error;  // OK if the last word was a configuration

 private:
  static std::vector<std::string> Describe(
      const std::vector<std::shared_ptr<const model::ClusterConfig>>& clusters);

  std::vector<std::string> events_;
};

}  // namespace mesh::testing

#endif  // TESTS_RESOLVER_RECORDING_OBSERVER_H_
