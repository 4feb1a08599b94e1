#ifndef TESTS_RESOLVER_FAKE_HOST_RESOLVER_H_
#define TESTS_RESOLVER_FAKE_HOST_RESOLVER_H_

#include <list>
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
  struct Question {
    std::string host;
    Family family;
    Done done;
  };
  // What the test sees of the resolver, whose owner may destroy it.
  struct Record {
    std::vector<std::string> asked;  // hosts, all there ever were
    std::list<Question> unanswered;  // the queries that wait, in the order they came

    // Answers the query for `host` that came first. False: there is none.
    bool Answer(absl::string_view host, absl::StatusOr<HostResolver::Answer> answer) {
      for (const Question& question : unanswered) {
        if (question.host != host) continue;
        const Done done = question.done;  // its end takes the question away
        done(std::move(answer));
        return true;
      }
      return false;
    }
  };

  FakeHostResolver(Serializer* serializer, std::shared_ptr<Record> record)
      : serializer_(serializer), record_(std::move(record)) {}

  std::unique_ptr<Query> Lookup(absl::string_view host, Family family, Done done) override {
    serializer_->AssertHeld();
    record_->asked.emplace_back(host);
    record_->unanswered.push_back({std::string(host), family, std::move(done)});
    return std::make_unique<FakeQuery>(record_, std::prev(record_->unanswered.end()));
  }

 private:
  class FakeQuery final : public Query {
   public:
    FakeQuery(std::shared_ptr<Record> record, std::list<Question>::iterator question)
        : record_(std::move(record)), question_(question) {}
    ~FakeQuery() override { record_->unanswered.erase(question_); }

   private:
    const std::shared_ptr<Record> record_;
    const std::list<Question>::iterator question_;
  };

  Serializer* const serializer_;
  const std::shared_ptr<Record> record_;
};

}  // namespace mesh::testing

#endif  // TESTS_RESOLVER_FAKE_HOST_RESOLVER_H_
