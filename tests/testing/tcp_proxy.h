#ifndef TESTS_TESTING_TCP_PROXY_H_
#define TESTS_TESTING_TCP_PROXY_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "mesh/base/clock.h"

namespace mesh::testing {

// A link that can be bad: forwards the connections that it accepts on a loopback port to another
// one, late, or not at all for a while, as a network does that says nothing. Thread-safe.
class TcpProxy final {
 public:
  // `target` is `127.0.0.1:port`.
  explicit TcpProxy(const std::string& target);
  // Closes all connections.
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  // Empty: it could not listen.
  const std::string& address() const { return address_; }

  // While set, nothing is forwarded and no connection to the target is made. Connections stay, and
  // those of clients are still accepted; what they send comes later.
  void set_blackhole(bool blackhole) { blackhole_ = blackhole; }
  // How much later than it came each piece is forwarded, either way.
  void set_delay(absl::Duration delay) { delay_ms_ = absl::ToInt64Milliseconds(delay); }

  // Connections of clients since the beginning.
  int accepted() const { return accepted_; }

 private:
  struct Pipe;
  struct Connection;

  void Run();

  const SteadyClock clock_;
  const uint16_t target_port_;
  int listener_ = -1;
  std::string address_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> blackhole_{false};
  std::atomic<int64_t> delay_ms_{0};
  std::atomic<int> accepted_{0};
  std::thread thread_;
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_TCP_PROXY_H_
