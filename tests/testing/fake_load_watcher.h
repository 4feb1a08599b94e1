#ifndef TESTS_TESTING_FAKE_LOAD_WATCHER_H_
#define TESTS_TESTING_FAKE_LOAD_WATCHER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/base/serializer.h"
#include "mesh/wire/load_watcher.h"

namespace mesh::testing {

// Streams of load reports from nobody, on which comes what a test says. Serializer-bound.
class FakeLoadWatcher final : public wire::LoadWatcher {
 public:
  // A stream that was begun.
  struct Seen {
    const wire::Connection* connection = nullptr;
    std::string authority;
    absl::Duration interval;
  };

  // `serializer` outlives the watcher.
  explicit FakeLoadWatcher(Serializer* serializer) : serializer_(serializer) {}

  // A report comes on each stream over `connection`, in a task of its own.
  void Report(const wire::Connection* connection, absl::string_view report);
  // Each of those streams ends, in a task of its own.
  void End(const wire::Connection* connection, const absl::Status& status);

  // All that were ever begun.
  const std::vector<Seen>& seen() const { return seen_; }
  // How many there are now, and over `connection`.
  size_t open() const { return open_.size(); }
  size_t open(const wire::Connection* connection) const;

  std::unique_ptr<wire::LoadWatch> Start(const wire::LoadWatchRequest& request,
                                         wire::LoadWatch::Observer* observer) override;

 private:
  class FakeLoadWatch;

  Serializer* const serializer_;
  std::vector<Seen> seen_;
  std::vector<FakeLoadWatch*> open_;  // neither over nor destroyed
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_FAKE_LOAD_WATCHER_H_
