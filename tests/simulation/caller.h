#ifndef TESTS_SIMULATION_CALLER_H_
#define TESTS_SIMULATION_CALLER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "mesh/base/executor.h"
#include "tests/simulation/sim_call.h"

namespace mesh::simulation {

// The application: makes calls, one by one or as a steady load, and keeps the books of them.
// Thread-compatible.
class Caller {
 public:
  // How much later than its deadline a call may get its status.
  static constexpr absl::Duration kGrace = absl::Seconds(1);
  // The same of its cancellation.
  static constexpr absl::Duration kCancelGrace = absl::Milliseconds(50);

  // What all calls are made in, but for their core. All of it outlives the caller.
  Caller(Executor* executor, SimCall::World world) : executor_(executor), world_(world) {}
  ~Caller();

  void AddTarget(const std::string& target, std::shared_ptr<call::ChannelCore> core) {
    cores_[target] = std::move(core);
  }
  void ForgetTarget(const std::string& target) { cores_.erase(target); }
  void ForgetTargets() { cores_.clear(); }

  // Makes a call; returns its number, or 0 if there is no channel to the target.
  uint64_t Make(CallSpec spec);
  void Cancel(uint64_t number);

  // What the calls of the load are like. A share is of 1.
  struct Load {
    std::vector<std::string> targets;
    absl::Duration interval = absl::Seconds(2);  // on average
    absl::Duration timeout = absl::Seconds(2);
    double managed = 0.3;
    double wait_for_ready = 0;
    double cancelled = 0;
    double endless = 0;  // without a deadline
  };
  void Start(Load load);
  // So many calls of the load within the next 50 ms, if there is a load.
  void Burst(int calls);
  // One now, if there is a load; inside a task of the serializer, where other threads would call
  // beside it.
  void Interlope() {
    if (load_ != nullptr) MakeOfLoad();
  }
  void Stop();

  // Calls that have no status yet, and those that were ever made.
  size_t open() const { return open_.size(); }
  uint64_t made() const { return made_; }
  const std::vector<CallEnd>& ended() const { return ended_; }
  std::vector<CallSpec> OpenCalls() const;
  // Of the calls that began in [from, to): those that did not end with OK.
  std::vector<CallEnd> Lost(absl::Duration from, absl::Duration to) const;

  // What must hold at any time: no call is overdue; the permits of native attempts are counted.
  void Check();

 private:
  struct Open {
    std::shared_ptr<SimCall> call;
    absl::Duration due = absl::InfiniteDuration();  // when it must have ended
  };

  void SetDue(uint64_t number, absl::Duration due);
  void OnEnd(const CallEnd& end);
  void MakeOne();
  void MakeOfLoad();
  void MakeSoon();

  Executor* const executor_;
  const SimCall::World world_;
  std::map<std::string, std::shared_ptr<call::ChannelCore>> cores_;
  std::map<uint64_t, Open> open_;
  std::set<std::pair<absl::Duration, uint64_t>> due_;
  std::vector<CallEnd> ended_;
  std::unique_ptr<Load> load_;
  uint64_t made_ = 0;
  uint64_t loads_ = 0;
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_CALLER_H_
