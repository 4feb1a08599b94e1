#include "resolver/fixed_resolver.h"

#include <utility>

namespace mesh::resolver {
namespace {

class FixedResolver final : public Resolver {
 public:
  FixedResolver(Serializer* serializer, std::shared_ptr<const model::ServiceConfig> config)
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

std::unique_ptr<Resolver> NewFixedResolver(Serializer* serializer,
                                           std::shared_ptr<const model::ServiceConfig> config) {
  return std::make_unique<FixedResolver>(serializer, std::move(config));
}

}  // namespace mesh::resolver
