#ifndef TESTS_RESOLVER_FAKE_HOST_RESOLVER_H_
#define TESTS_RESOLVER_FAKE_HOST_RESOLVER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "mesh/base/serializer.h"
#include "resolver/dns/host_resolver.h"

namespace mesh::testing {

// Takes queries, which the test answers. Serializer-bound, or used while no task can run.
class FakeHostResolver final : public resolver::HostResolver {
 public:
  // What the test sees of the resolver, whose owner may destroy it.
  struct Record {
    std::vector<std::string> asked;    // hosts, all there ever were
    std::shared_ptr<Done> unanswered;  // of the last query, if it waits
  };

  FakeHostResolver(Serializer* serializer, std::shared_ptr<Record> record)
      : serializer_(serializer), record_(std::move(record)) {}

  std::unique_ptr<Query> Lookup(absl::string_view host, Done done) override {
    serializer_->AssertHeld();
    record_->asked.emplace_back(host);
    record_->unanswered = std::make_shared<Done>(std::move(done));
    return std::make_unique<FakeQuery>(record_);
  }

 private:
  class FakeQuery final : public Query {
   public:
    explicit FakeQuery(std::shared_ptr<Record> record) : record_(std::move(record)) {}
    ~FakeQuery() override { record_->unanswered = nullptr; }

   private:
    const std::shared_ptr<Record> record_;
  };

  Serializer* const serializer_;
  const std::shared_ptr<Record> record_;
};

}  // namespace mesh::testing

#endif  // TESTS_RESOLVER_FAKE_HOST_RESOLVER_H_
