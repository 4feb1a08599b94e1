#ifndef RESOLVER_XDS_RESOURCE_WATCH_H_
#define RESOLVER_XDS_RESOURCE_WATCH_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/xds/resource_type.h"
#include "mesh/xds/resources/model_resource.h"
#include "mesh/xds/xds_client.h"

namespace mesh::resolver {

// The newest that is known of one resource, from construction to destruction. Serializer-bound.
template <typename T>
class ResourceWatch final : public xds::ResourceWatcher {
 public:
  // `changed` is called on the serializer after every change, never inside the constructor.
  ResourceWatch(xds::XdsClient* client, const xds::ResourceType* type, absl::string_view name,
                std::function<void()> changed)
      : changed_(std::move(changed)), subscription_(client->Watch(type, name, this)) {}

  // Whether it is known what the resource is, or that there is none.
  bool is_known() const { return value_ != nullptr || !error_.ok(); }
  // The last good value; null while there is none.
  const std::shared_ptr<const T>& value() const { return value_; }
  // Why there is no value; OK while there is one, or while nothing is known yet. Always
  // UNAVAILABLE: no other code of the control plane's may reach a call (gRFC A54).
  const absl::Status& error() const { return error_; }
  // What went wrong since, and left the value in force.
  const absl::Status& ambient() const { return ambient_; }

  void OnResourceChanged(std::shared_ptr<const xds::Resource> resource,
                         xds::ReadHold /*hold*/) override {
    value_ = xds::ModelOf<T>(std::move(resource));
    error_ = ambient_ = absl::OkStatus();
    changed_();
  }
  void OnResourceError(const absl::Status& status, xds::ReadHold /*hold*/) override {
    value_ = nullptr;
    error_ = absl::UnavailableError(status.message());
    ambient_ = absl::OkStatus();
    changed_();
  }
  void OnAmbientError(const absl::Status& status, xds::ReadHold /*hold*/) override {
    ambient_ = status;
    changed_();
  }

 private:
  const std::function<void()> changed_;
  std::shared_ptr<const T> value_;
  absl::Status error_;
  absl::Status ambient_;
  // Destroyed first: nothing is heard afterwards.
  const std::unique_ptr<xds::XdsClient::Subscription> subscription_;
};

}  // namespace mesh::resolver

#endif  // RESOLVER_XDS_RESOURCE_WATCH_H_
