#include "resolver/xds/dns_endpoints.h"

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "resolver/address.h"

namespace mesh::resolver {
namespace {

constexpr size_t kShownErrors = 5;

// The host and port of an endpoint's address, if that is a name.
absl::StatusOr<Address> ParseName(const std::string& address) {
  absl::StatusOr<Address> parsed = Address::Parse(address);
  if (parsed.ok() && parsed->kind != Address::Kind::kName) {
    return absl::InvalidArgumentError("not a name");
  }
  return parsed;
}

std::string AddressText(const std::string& host, uint16_t port) {
  Address address;
  address.kind = host.find(':') == std::string::npos ? Address::Kind::kIpv4 : Address::Kind::kIpv6;
  address.host = host;
  address.port = port;
  return address.ToString();
}

// What the endpoints of the name have beside it.
std::shared_ptr<const model::EndpointExtras> ExtrasOf(const model::EndpointConfig& named,
                                                      const std::string& host) {
  if (named.extras != nullptr && !named.extras->hostname.empty()) return named.extras;
  auto extras = named.extras == nullptr ? std::make_shared<model::EndpointExtras>()
                                        : std::make_shared<model::EndpointExtras>(*named.extras);
  extras->hostname = host;
  return extras;
}

}  // namespace

std::shared_ptr<const model::ClusterLoadAssignment> ReplaceNames(
    const model::ClusterLoadAssignment& named, const AddressesByHost& addresses) {
  auto result = std::make_shared<model::ClusterLoadAssignment>(named);
  for (std::shared_ptr<const model::LocalityEndpoints>& locality : result->localities) {
    if (!locality->endpoints.has_names()) continue;
    std::vector<model::EndpointConfig> endpoints;
    locality->endpoints.ForEach([&](const model::EndpointConfig& config) {
      const absl::StatusOr<Address> name = ParseName(config.address);
      if (!name.ok()) {
        endpoints.push_back(config);
        return;
      }
      const auto found = addresses.find(name->host);
      if (found == addresses.end() || found->second == nullptr) return;
      model::EndpointConfig endpoint = config;
      endpoint.extras = ExtrasOf(config, name->host);
      for (const std::string& host : *found->second) {
        endpoint.address = AddressText(host, name->port);
        endpoints.push_back(endpoint);
      }
    });
    auto replaced = std::make_shared<model::LocalityEndpoints>(*locality);
    replaced->endpoints = model::EndpointList::Of(std::move(endpoints));
    locality = std::move(replaced);
  }
  return result;
}

DnsEndpoints::DnsEndpoints(HostTable* hosts, const model::DnsOptions& options,
                           std::function<void()> changed)
    : table_(hosts), options_(options), changed_(std::move(changed)) {}

void DnsEndpoints::SetNamed(std::shared_ptr<const model::ClusterLoadAssignment> named) {
  if (named == named_) return;
  named_ = std::move(named);
  endpoints_ = nullptr;
  const auto before = std::move(hosts_);
  hosts_.clear();
  for (const auto& locality : named_->localities) {
    if (!locality->endpoints.has_names()) continue;
    locality->endpoints.ForEach([&](const model::EndpointConfig& config) {
      const absl::StatusOr<Address> name = ParseName(config.address);
      if (!name.ok()) return;
      std::unique_ptr<HostTable::Watch>& host = hosts_[name->host];
      // A host that was watched, and still is, is not asked for anew.
      if (host == nullptr) host = table_->Find(name->host, options_, changed_);
    });
  }
}

bool DnsEndpoints::is_known() const {
  for (const auto& [name, watch] : hosts_) {
    if (!watch->state().is_known()) return false;
  }
  return true;
}

std::shared_ptr<const model::ClusterLoadAssignment> DnsEndpoints::endpoints() {
  AddressesByHost addresses;
  for (const auto& [name, watch] : hosts_) addresses[name] = watch->state().addresses;
  if (endpoints_ == nullptr || addresses != addresses_) {
    endpoints_ = ReplaceNames(*named_, addresses);
    addresses_ = std::move(addresses);
  }
  return hosts_.empty() || endpoints_->endpoint_count() > 0 ? endpoints_ : nullptr;
}

absl::Status DnsEndpoints::error() const {
  std::vector<absl::string_view> errors;
  size_t more = 0;
  for (const auto& [name, watch] : hosts_) {
    if (watch->state().error.ok()) continue;
    if (errors.size() < kShownErrors) {
      errors.push_back(watch->state().error.message());
    } else {
      ++more;
    }
  }
  if (errors.empty()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      absl::StrJoin(errors, "; "), more == 0 ? "" : absl::StrCat("; and ", more, " more hosts")));
}

}  // namespace mesh::resolver
