#include "resolver/static/static_resolver.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "mesh/base/field_errors.h"
#include "resolver/address.h"
#include "resolver/single_cluster.h"

namespace mesh::resolver {
namespace {

class StaticResolver final : public Resolver {
 public:
  StaticResolver(Serializer* serializer, std::shared_ptr<const model::ServiceConfig> config)
      : serializer_(serializer), config_(std::move(config)) {}

  void Start(ResolverObserver* observer) override {
    serializer_->AssertHeld();
    serializer_->Post([observer, config = config_, alive = std::weak_ptr<const bool>(alive_)] {
      if (!alive.expired()) observer->OnConfig(config);
    });
  }

 private:
  Serializer* const serializer_;
  const std::shared_ptr<const model::ServiceConfig> config_;
  // Expires with this.
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Resolver>> NewStaticResolver(Serializer* serializer,
                                                            absl::string_view addresses) {
  FieldErrors errors;
  std::vector<std::string> parsed;
  absl::flat_hash_set<std::string> seen;
  const std::vector<absl::string_view> texts = absl::StrSplit(addresses, ',');
  for (size_t i = 0; i < texts.size(); ++i) {
    const FieldErrors::Scope scope(&errors, "addresses", i);
    const absl::StatusOr<Address> address = Address::Parse(texts[i]);
    if (!address.ok()) {
      errors.Add(address.status().message());
    } else if (!seen.insert(address->ToString()).second) {
      errors.Add(absl::StrCat(address->ToString(), " is there twice"));
    } else {
      parsed.push_back(address->ToString());
    }
  }
  if (!errors.ok()) {
    return errors.ToStatus(absl::StatusCode::kInvalidArgument,
                           absl::StrCat("static addresses \"", addresses, "\""));
  }
  return std::make_unique<StaticResolver>(serializer,
                                          NewSingleCluster("static", addresses, parsed));
}

}  // namespace mesh::resolver
