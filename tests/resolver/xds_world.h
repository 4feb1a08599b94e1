#ifndef TESTS_RESOLVER_XDS_WORLD_H_
#define TESTS_RESOLVER_XDS_WORLD_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/base/serializer.h"
#include "mesh/model/service_config.h"
#include "mesh/xds/resources/types.h"
#include "resolver/dns/host_table.h"
#include "resolver/resolver.h"
#include "resolver/xds/xds_resolver.h"
#include "tests/resolver/fake_host_resolver.h"
#include "tests/resolver/recording_observer.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/fake_random.h"
#include "tests/testing/fake_xds_client.h"

namespace mesh::testing {

// A control plane by hand, and a resolver of the target `svc`, whose listener is `l`.
class XdsWorld {
 public:
  // `local_cluster`: that the process is one of, which is in the zone `here`.
  explicit XdsWorld(std::string local_cluster = "");
  ~XdsWorld();

  // The listener takes its routes from the resource `routes`.
  void Listener(absl::string_view routes);
  // Routes `/0`, `/1`, ... to one cluster each, for the domain.
  static std::shared_ptr<const model::RouteConfiguration> RoutesTo(
      absl::string_view name, const std::vector<std::string>& clusters,
      absl::string_view domain = "svc");
  void InlineListener(std::shared_ptr<const model::RouteConfiguration> routes);
  void Routes(absl::string_view name, const std::vector<std::string>& clusters,
              absl::string_view domain = "svc");
  void Cluster(absl::string_view name, absl::string_view eds_service_name = "");
  // One that has its endpoints itself, by address or by name as its type is.
  void Cluster(absl::string_view name, model::ClusterType type,
               const std::vector<std::string>& endpoints);
  void Aggregate(absl::string_view name, const std::vector<std::string>& clusters);
  // Any cluster.
  void SetCluster(model::Cluster cluster);
  // An assignment of one locality.
  static std::shared_ptr<const model::ClusterLoadAssignment> AssignmentOf(
      absl::string_view name, const std::vector<std::string>& addresses);
  void Endpoints(absl::string_view name, const std::vector<std::string>& addresses);
  // All that a cluster needs, with one endpoint.
  void Complete(absl::string_view cluster, absl::string_view address);
  // `type`: `l`, `r`, `c` or `e`. The client's error is `<Type> "<name>": <cause>`.
  void Delete(char type, absl::string_view name, absl::string_view cause = "does not exist");
  void Ambient(char type, absl::string_view name, absl::string_view cause);
  void Healed(char type, absl::string_view name);
  absl::string_view type_url(char type) const;

  // Runs all that is to run; what the resolver said since the last time.
  std::vector<std::string> Settle();
  // The one thing that it said, else a text that says what else.
  std::string SettleOne();
  void DestroyResolver();
  // Another one of the same target. REQUIRES: on the serializer, and destroyed there.
  std::unique_ptr<resolver::XdsResolver> NewResolver();

  resolver::XdsResolver& resolver() { return *resolver_; }
  RecordingObserver& observer() { return observer_; }
  const model::ServiceConfig& config() { return *observer_.configs.back(); }
  FakeXdsClient& client() { return client_; }
  Serializer& serializer() { return serializer_; }
  FakeExecutor& executor() { return executor_; }
  FakeHostResolver::Record& dns() { return *dns_; }
  // DNS answers, if it was asked: `host=1.1.1.1 1.1.1.2`, or `host!cause`.
  void Dns(absl::string_view answer);
  // `l:l r:r c:a e:a`
  std::string Dependencies();

 private:
  const std::string local_cluster_;
  FakeClock clock_;
  FakeExecutor executor_{&clock_};
  Serializer serializer_{&executor_};
  FakeXdsClient client_{&serializer_};
  FakeRandom random_{{0.5}};  // the middle: delays without jitter
  const std::shared_ptr<FakeHostResolver::Record> dns_ =
      std::make_shared<FakeHostResolver::Record>();
  resolver::HostTable hosts_{&serializer_, &random_,
                             std::make_unique<FakeHostResolver>(&serializer_, dns_)};
  xds::ResourceTypes types_;
  RecordingObserver observer_;
  std::unique_ptr<resolver::XdsResolver> resolver_;
};

}  // namespace mesh::testing

#endif  // TESTS_RESOLVER_XDS_WORLD_H_
