#ifndef TESTS_WIRE_SCRIPTED_LISTENER_H_
#define TESTS_WIRE_SCRIPTED_LISTENER_H_

#include <cstddef>
#include <map>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "mesh/base/mutex.h"

namespace mesh::testing {

// A server of real sockets that answers each connection by a script. Thread-safe.
class ScriptedListener {
 public:
  struct Script {
    std::string awaited;    // what it hears before it answers; empty: it answers at once
    std::string answer;     // sent byte by byte
    bool hangs_up = false;  // says nothing more, and says so
  };

  // `address` is `127.0.0.1:0`, `[::1]:0` or `unix:/path`.
  explicit ScriptedListener(Script script, const std::string& address = "127.0.0.1:0");
  ~ScriptedListener();
  ScriptedListener(const ScriptedListener&) = delete;
  ScriptedListener& operator=(const ScriptedListener&) = delete;

  // Empty: it could not listen.
  const std::string& address() const { return address_; }

  // What it heard on the connection that ended last.
  std::string heard();
  // Waits until so many connections have ended.
  void WaitForEnded(size_t connections);
  // Connections since the beginning.
  size_t accepted();
  // The most connections at a time.
  size_t most_at_a_time();

 private:
  struct Peer {
    std::string heard;
    bool answered = false;
  };

  void Run();
  void Accept();
  // False: the connection has ended.
  bool Serve(int fd, Peer* peer);
  void Answer(int fd, Peer* peer);

  const Script script_;
  std::string address_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};

  std::map<int, Peer> peers_;  // listener's thread

  Mutex mutex_;
  CondVar changed_;
  std::string heard_ ABSL_GUARDED_BY(mutex_);
  size_t accepted_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t ended_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t most_ ABSL_GUARDED_BY(mutex_) = 0;

  std::thread thread_;
};

}  // namespace mesh::testing

#endif  // TESTS_WIRE_SCRIPTED_LISTENER_H_
