#include "tests/testing/fake_prober.h"

#include <algorithm>
#include <utility>

namespace mesh::testing {

using wire::ProbeOutcome;
using wire::ProbeResult;

class FakeProber::FakeProbe final : public wire::Probe {
 public:
  FakeProbe(FakeProber* prober, std::string address, OnDone done)
      : prober_(prober),
        address_(std::move(address)),
        done_(std::make_shared<OnDone>(std::move(done))) {
    prober_->in_flight_.push_back(this);
  }
  ~FakeProbe() override { Leave(); }

  // It is not in flight any more.
  std::shared_ptr<OnDone> Leave() {
    auto& all = prober_->in_flight_;
    all.erase(std::remove(all.begin(), all.end(), this), all.end());
    return std::move(done_);
  }

  const std::string& address() const { return address_; }
  // Gone with the probe.
  std::weak_ptr<OnDone> done() const { return done_; }

 private:
  FakeProber* const prober_;
  const std::string address_;
  std::shared_ptr<OnDone> done_;
};

void FakeProber::Post(FakeProbe* probe, ProbeResult result) {
  serializer_->Post([probe, done = probe->done(), result = std::move(result)] {
    if (done.expired()) return;
    const std::shared_ptr<OnDone> run = probe->Leave();
    (*run)(result);
  });
}

void FakeProber::Finish(absl::string_view address, ProbeOutcome outcome, absl::string_view text) {
  const auto found =
      std::find_if(in_flight_.begin(), in_flight_.end(),
                   [&](const FakeProbe* probe) { return probe->address() == address; });
  Post(*found, {outcome, std::string(text)});
}

std::vector<std::string> FakeProber::in_flight() const {
  std::vector<std::string> addresses;
  for (const FakeProbe* probe : in_flight_) addresses.push_back(probe->address());
  return addresses;
}

std::unique_ptr<wire::Probe> FakeProber::Start(const wire::ProbeRequest& request, OnDone done) {
  seen_.push_back({request.address, request.authority, *request.check, request.connection.get()});
  auto probe = std::make_unique<FakeProbe>(this, request.address, std::move(done));
  most_in_flight_ = std::max(most_in_flight_, in_flight_.size());
  const auto outcome = outcomes_.find(request.address);
  if (outcome != outcomes_.end()) Post(probe.get(), {outcome->second, ""});
  return probe;
}

}  // namespace mesh::testing
