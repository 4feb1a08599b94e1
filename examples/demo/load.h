#ifndef EXAMPLES_DEMO_LOAD_H_
#define EXAMPLES_DEMO_LOAD_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "grpcpp/impl/channel_interface.h"

namespace mesh::demo {

// Calls an echo service through its generated stub, at a steady rate, until it is destroyed.
// Thread-safe.
class Load {
 public:
  struct Counts {
    uint64_t calls = 0;
    uint64_t failed = 0;
    std::map<std::string, uint64_t> by_server;  // answers by the name of the endpoint
    std::string first_error;
  };

  // `calls_per_second` over `threads` threads.
  Load(std::shared_ptr<grpc::ChannelInterface> channel, int threads, int calls_per_second);
  ~Load() { Stop(); }

  // Waits for the calls in flight.
  void Stop();
  Counts counts() const;

 private:
  void Run(int calls_per_second);

  const std::shared_ptr<grpc::ChannelInterface> channel_;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  Counts counts_;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace mesh::demo

#endif  // EXAMPLES_DEMO_LOAD_H_
