#ifndef TESTS_TESTING_FAKE_XDS_CLIENT_H_
#define TESTS_TESTING_FAKE_XDS_CLIENT_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/base/serializer.h"
#include "mesh/xds/xds_client.h"

namespace mesh::testing {

// An xDS client whose resources the test sets by hand, at any time. Watchers hear of each change
// in a task of the serializer, in the order of the changes; of what is set already, once they
// watch. Used on the serializer, or on the test's thread while no task can run.
class FakeXdsClient final : public xds::XdsClient {
 public:
  using Name = std::pair<std::string, std::string>;  // type URL, resource name

  explicit FakeXdsClient(Serializer* serializer) : serializer_(serializer) {}
  // REQUIRES: no subscription is left.
  ~FakeXdsClient() override;

  // A new good value.
  void Set(absl::string_view type_url, absl::string_view name,
           std::shared_ptr<const xds::Resource> resource);
  // There is no value (any more).
  void SetError(absl::string_view type_url, absl::string_view name, absl::Status error);
  // Something is wrong that leaves the value in force; OK: no more.
  void SetAmbient(absl::string_view type_url, absl::string_view name, absl::Status error);
  // Nothing is known, as before the first answer of a control plane. Watchers hear nothing.
  void Forget(absl::string_view type_url, absl::string_view name);

  // What has a watch now.
  std::set<Name> watched() const;
  // `+name` for each first watch of a resource and `-name` for the end of each last one, since
  // the last call.
  std::vector<std::string> TakeSubscriptionLog();
  // How many holds on reading are alive.
  long holds() const { return hold_.use_count() - 1; }

  std::unique_ptr<Subscription> Watch(const xds::ResourceType* type, absl::string_view name,
                                      xds::ResourceWatcher* watcher) override;
  std::vector<xds::ResourceStatus> resources() const override;
  std::vector<xds::ServerStatus> servers() const override { return {}; }
  void SetStatusObserver(std::function<void()> changed) override { changed_ = std::move(changed); }

 private:
  struct State {
    std::shared_ptr<const xds::Resource> resource;
    absl::Status error;
    absl::Status ambient;
  };
  class FakeSubscription;
  using Notice = std::function<void(xds::ResourceWatcher*)>;

  void Tell(const Name& name, Notice notice);
  void Deliver(const std::weak_ptr<FakeSubscription*>& to, Notice notice);

  Serializer* const serializer_;
  std::function<void()> changed_;
  std::map<Name, State> states_;
  std::map<Name, std::set<FakeSubscription*>> subscriptions_;
  std::vector<std::string> log_;
  const std::shared_ptr<int> hold_ = std::make_shared<int>(0);
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_FAKE_XDS_CLIENT_H_
