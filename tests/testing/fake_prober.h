#ifndef TESTS_TESTING_FAKE_PROBER_H_
#define TESTS_TESTING_FAKE_PROBER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "mesh/base/serializer.h"
#include "mesh/wire/prober.h"

namespace mesh::testing {

// Probes that ask nobody, and end with what a test says. Serializer-bound.
class FakeProber final : public wire::Prober {
 public:
  // A probe that was started.
  struct Seen {
    std::string address;
    std::string authority;
    model::HealthCheck check;
    const wire::Connection* connection = nullptr;
  };

  // `serializer` outlives the prober.
  explicit FakeProber(Serializer* serializer) : serializer_(serializer) {}

  // What probes of `address` end with from now on, each in a task of its own. Default: they stay
  // in flight until Finish().
  void set_outcome(absl::string_view address, wire::ProbeOutcome outcome) {
    outcomes_[std::string(address)] = outcome;
  }

  // Ends the probe of `address` that was started first among those in flight, in a task of its
  // own; its text is `text`. REQUIRES: there is one.
  void Finish(absl::string_view address, wire::ProbeOutcome outcome, absl::string_view text = "");

  // All that were ever started.
  const std::vector<Seen>& seen() const { return seen_; }
  // The addresses of those in flight, in the order they were started.
  std::vector<std::string> in_flight() const;
  // The most that ever were in flight at a time.
  size_t most_in_flight() const { return most_in_flight_; }

  std::unique_ptr<wire::Probe> Start(const wire::ProbeRequest& request, OnDone done) override;

 private:
  class FakeProbe;

  void Post(FakeProbe* probe, wire::ProbeResult result);

  Serializer* const serializer_;
  std::map<std::string, wire::ProbeOutcome> outcomes_;
  std::vector<Seen> seen_;
  std::vector<FakeProbe*> in_flight_;
  size_t most_in_flight_ = 0;
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_FAKE_PROBER_H_
