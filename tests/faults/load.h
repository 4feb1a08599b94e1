#ifndef TESTS_FAULTS_LOAD_H_
#define TESTS_FAULTS_LOAD_H_

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "grpcpp/impl/channel_interface.h"
#include "mesh/base/mutex.h"

namespace mesh {

// What became of the calls of a load. A value.
struct LoadReport {
  int calls = 0;
  int lost = 0;                           // ended otherwise than with OK
  std::vector<absl::Duration> latencies;  // in the order in which calls ended
  std::map<std::string, int> servers;     // calls by who answered
  std::map<std::string, int> errors;      // by text

  // The latency that a part `q` of the calls does not exceed; zero if there are none.
  absl::Duration Quantile(double q) const;
  // For the messages of tests.
  std::string ToString() const;
};

// Unary calls on a channel from `callers` threads, about 500 a second in all, until Stop().
// Thread-safe.
class Load {
 public:
  explicit Load(std::shared_ptr<grpc::ChannelInterface> channel,
                absl::Duration deadline = absl::Seconds(2), int callers = 2);
  ~Load() { Stop(); }

  // Waits until `count` calls more have ended than now; for 10 s at most.
  void WaitForCalls(int count);
  // What happened since the beginning, or since the last Restart().
  LoadReport report() const;
  LoadReport Restart();
  // Ends the load. The last report.
  LoadReport Stop();

 private:
  void Run(absl::Duration deadline, absl::Duration pause);

  const std::shared_ptr<grpc::ChannelInterface> channel_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  int ended_ ABSL_GUARDED_BY(mutex_) = 0;
  LoadReport report_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace mesh

#endif  // TESTS_FAULTS_LOAD_H_
