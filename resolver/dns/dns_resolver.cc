#include "resolver/dns/dns_resolver.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "mesh/base/backoff.h"
#include "resolver/address.h"
#include "resolver/dns/cares_host_resolver.h"
#include "resolver/fixed_resolver.h"
#include "resolver/single_cluster.h"

namespace mesh::resolver {
namespace {

constexpr uint16_t kDefaultPort = 443;
constexpr uint16_t kDnsPort = 53;
// gRPC's GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS.
constexpr absl::Duration kLeastInterval = absl::Seconds(30);

std::string TextOf(const Target& target) {
  return absl::StrCat(target.scheme, "://", target.authority, "/", target.name);
}

//            Start                 success
//   (new) ───────────► asking ─────────────────► resolved
//                       │  ▲                        │ ReResolve(), when 30 s have passed
//               failure │  │ after the back-off     │
//                       ▼  │                        ▼
//                      failed ◄── failure ──────  asking
class DnsResolver final : public Resolver {
 public:
  DnsResolver(const DnsResolverOptions& options, const Target& target, Address address,
              std::unique_ptr<HostResolver> hosts)
      : serializer_(options.serializer),
        clock_(options.clock),
        target_(TextOf(target)),
        kind_(target.authority.empty() ? "dns" : absl::StrCat("dns://", target.authority)),
        address_(std::move(address)),
        hosts_(std::move(hosts)),
        backoff_(Backoff::Options(), options.random) {}

  void Start(ResolverObserver* observer) override {
    serializer_->AssertHeld();
    observer_ = observer;
    Ask();
  }

  void ReResolve() override {
    serializer_->AssertHeld();
    // While it asks or waits to, an answer is on its way already.
    if (query_ != nullptr || timer_.pending()) return;
    const absl::Duration wait = asked_ + kLeastInterval - clock_->Now();
    if (wait <= absl::ZeroDuration()) {
      Ask();
    } else {
      AskAfter(wait);
    }
  }

 private:
  void Ask() ABSL_EXCLUSIVE_LOCKS_REQUIRED(*serializer_) {
    asked_ = clock_->Now();
    query_ = hosts_->Lookup(address_.host, HostResolver::Family::kAny,
                            [this](absl::StatusOr<HostResolver::Answer> answer) {
                              serializer_->AssertHeld();
                              query_ = nullptr;
                              if (answer.ok()) {
                                Succeed(std::move(answer->addresses));
                              } else {
                                Fail(answer.status());
                              }
                            });
  }
  void AskAfter(absl::Duration wait) ABSL_EXCLUSIVE_LOCKS_REQUIRED(*serializer_) {
    timer_ = serializer_->After(wait, [this] {
      serializer_->AssertHeld();
      Ask();
    });
  }
  // These two call the observer last: it may destroy this.
  void Succeed(HostResolver::Addresses hosts) ABSL_EXCLUSIVE_LOCKS_REQUIRED(*serializer_);
  void Fail(const absl::Status& cause) ABSL_EXCLUSIVE_LOCKS_REQUIRED(*serializer_);
  void Publish(std::shared_ptr<const model::ServiceConfig> config)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(*serializer_) {
    config_ = std::move(config);
    observer_->OnConfig(std::shared_ptr<const model::ServiceConfig>(config_));
  }

  Serializer* const serializer_;
  const Clock* const clock_;
  const std::string target_;
  const std::string kind_;
  const Address address_;
  const std::unique_ptr<HostResolver> hosts_;
  ResolverObserver* observer_ = nullptr;
  Backoff backoff_ ABSL_GUARDED_BY(*serializer_);
  absl::Time asked_ ABSL_GUARDED_BY(*serializer_);
  std::vector<std::string> addresses_ ABSL_GUARDED_BY(*serializer_);  // sorted; the last good ones
  std::shared_ptr<const model::ServiceConfig> config_ ABSL_GUARDED_BY(*serializer_);
  absl::Status error_ ABSL_GUARDED_BY(*serializer_);  // of the last time
  Serializer::Timer timer_ ABSL_GUARDED_BY(*serializer_);
  std::unique_ptr<HostResolver::Query> query_ ABSL_GUARDED_BY(*serializer_);
};

void DnsResolver::Succeed(HostResolver::Addresses hosts) {
  backoff_.Reset();
  error_ = absl::OkStatus();
  std::vector<std::string> addresses;
  addresses.reserve(hosts.size());
  for (std::string& host : hosts) {
    Address address;
    address.kind =
        host.find(':') == std::string::npos ? Address::Kind::kIpv4 : Address::Kind::kIpv6;
    address.host = std::move(host);
    address.port = address_.port;
    addresses.push_back(address.ToString());
  }
  // Servers rotate their answers, which changes nothing.
  std::sort(addresses.begin(), addresses.end());
  const bool is_same = addresses == addresses_;
  addresses_ = std::move(addresses);
  if (config_ == nullptr) {
    Publish(NewSingleCluster(kind_, address_.ToString(), addresses_));
  } else if (!is_same) {
    Publish(WithAddresses(*config_, addresses_));
  } else if (!config_->clusters[0]->ambient.ok()) {
    Publish(WithAmbient(*config_, absl::OkStatus()));
  }
}

void DnsResolver::Fail(const absl::Status& cause) {
  AskAfter(backoff_.Next());
  const absl::Status error = absl::UnavailableError(
      absl::StrCat("target \"", target_, "\": host \"", address_.host, "\": ", cause.message()));
  if (error == error_) return;
  error_ = error;
  if (config_ == nullptr) {
    observer_->OnError(error);
  } else {
    Publish(WithAmbient(*config_, error));
  }
}

absl::Status Bad(const Target& target, absl::string_view cause) {
  return absl::InvalidArgumentError(absl::StrCat("target \"", TextOf(target), "\": ", cause));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Resolver>> NewDnsResolver(const DnsResolverOptions& options,
                                                         const Target& target) {
  std::string server;
  if (!target.authority.empty()) {
    const absl::StatusOr<Address> address = Address::Parse(target.authority, kDnsPort);
    if (!address.ok()) {
      return Bad(target, absl::StrCat("DNS server \"", target.authority,
                                      "\": ", address.status().message()));
    }
    if (address->kind != Address::Kind::kIpv4 && address->kind != Address::Kind::kIpv6) {
      return Bad(target,
                 absl::StrCat("DNS server \"", target.authority, "\": it is not an IP address"));
    }
    server = address->ToString();
  }
  return NewDnsResolver(options, target,
                        NewCaresHostResolver(options.serializer, std::move(server)));
}

absl::StatusOr<std::unique_ptr<Resolver>> NewDnsResolver(const DnsResolverOptions& options,
                                                         const Target& target,
                                                         std::unique_ptr<HostResolver> hosts) {
  absl::StatusOr<Address> address = Address::Parse(target.name, kDefaultPort);
  if (!address.ok()) return Bad(target, address.status().message());
  switch (address->kind) {
    case Address::Kind::kUnix:
      return Bad(target, "a path has no DNS name; write static:///unix:/path");
    case Address::Kind::kIpv4:
    case Address::Kind::kIpv6: {
      const std::string text = address->ToString();
      return NewFixedResolver(options.serializer, NewSingleCluster("dns", text, {text}));
    }
    case Address::Kind::kName:
      break;
  }
  return std::make_unique<DnsResolver>(options, target, *std::move(address), std::move(hosts));
}

}  // namespace mesh::resolver
