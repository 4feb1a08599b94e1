#ifndef TESTS_SIMULATION_SERVERS_H_
#define TESTS_SIMULATION_SERVERS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/trace.h"

namespace mesh::simulation {

// A process that serves calls at an address. A value.
struct Server {
  bool up = true;
  bool reachable = true;     // false: packets vanish
  uint64_t incarnation = 1;  // one more each time that it starts
  double fails = 0;          // this share of its calls fails, with `code`
  int code = 14;
  absl::Duration takes = absl::Milliseconds(150);  // a call, at most

  uint64_t executed = 0;  // calls
};

// All processes that serve calls, by address; one that nobody spoke of is up. Connections and calls
// in flight listen to what happens to them. Thread-compatible.
class Servers {
 public:
  // Hears that the processes at an address died, came, vanished or reappeared.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnServerChanged() = 0;
  };

  explicit Servers(Trace* trace) : trace_(trace) {}

  Server& at(const std::string& address) { return servers_[address]; }

  void Kill(const std::string& address);
  void Start(const std::string& address);
  void Vanish(const std::string& address);
  void Reappear(const std::string& address);
  // Everything is up, reachable and serves.
  void HealAll();

  void AddListener(const std::string& address, Listener* listener) {
    listeners_[address].insert({++last_, listener});
  }
  void RemoveListener(const std::string& address, Listener* listener);
  size_t listeners() const;

 private:
  void Tell(const std::string& address);

  Trace* const trace_;
  std::map<std::string, Server> servers_;
  uint64_t last_ = 0;
  // In the order they came, which, unlike their addresses, is the same in every run.
  std::map<std::string, std::set<std::pair<uint64_t, Listener*>>> listeners_;
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_SERVERS_H_
