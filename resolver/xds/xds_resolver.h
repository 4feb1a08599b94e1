#ifndef RESOLVER_XDS_XDS_RESOLVER_H_
#define RESOLVER_XDS_XDS_RESOLVER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "mesh/base/serializer.h"
#include "mesh/xds/resources/types.h"
#include "mesh/xds/xds_client.h"
#include "resolver/dns/host_table.h"
#include "resolver/resolver.h"

namespace mesh::resolver {

// Joins listener, routes, clusters and endpoints as an xDS client knows them into the
// configuration of one target (gRFC A27, A74).
//
// A configuration is published only when each cluster that its routes name is known: with its
// endpoints, or with a definite error. While new routes wait for that, the old ones stay in
// force, with updates of their endpoints, but without the deletion of clusters that may be of
// the old routes only. A resource is watched until the configuration that used it has been
// replaced, and on through every change that keeps it. At most one update a turn of the
// serializer. Serializer-bound.
class XdsResolver : public Resolver {
 public:
  struct Options {
    Serializer* serializer = nullptr;  // the pointers outlive the resolver
    xds::XdsClient* client = nullptr;
    const xds::ResourceTypes* types = nullptr;
    HostTable* hosts = nullptr;  // of clusters that are resolved by DNS
    std::string listener_name;   // see ListenerName()
    std::string domain;          // chooses the virtual host: the target's name
    std::string authority;       // of the keys of clusters; empty: the top-level servers'
    std::string local_cluster;   // that this process is one of; empty: none is named
    model::Locality locality;    // where this process is
  };

  // Type URL and name of each resource that the target depends on now: the listener, then routes,
  // clusters and endpoints, each by name. While a change is on its way, those of both sides.
  virtual std::vector<std::pair<std::string, std::string>> dependencies() const = 0;

  // The clusters that the newest routes name and of which nothing is known yet. While there are
  // any, the newest routes are held, and those before them stay in force if there are any.
  virtual std::vector<std::string> awaited_clusters() = 0;
};

std::unique_ptr<XdsResolver> NewXdsResolver(XdsResolver::Options options);

// The listener's resource name for a target: the template with `%s` replaced by the target's
// name, percent-encoded if the template is an `xdstp:` name (gRFC A27, A47).
std::string ListenerName(absl::string_view name_template, absl::string_view target_name);

}  // namespace mesh::resolver

#endif  // RESOLVER_XDS_XDS_RESOLVER_H_
