#ifndef MESH_WIRE_SOCKET_LOOP_H_
#define MESH_WIRE_SOCKET_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "mesh/base/clock.h"
#include "mesh/base/mutex.h"
#include "mesh/wire/probe_dialogue.h"
#include "mesh/wire/prober.h"
#include "mesh/wire/socket_address.h"
#include "mesh/wire/socket_conversation.h"

namespace mesh::wire {

// One thread that holds dialogues over sockets, and waits in poll() while there is nothing to do.
// Thread-safe.
class SocketLoop {
 public:
  // Sockets at a time; what comes beyond waits for its turn. A process may have 1,024 descriptors
  // by default, and the application wants its own.
  static constexpr size_t kMaxSockets = 256;

  struct Job {
    SocketAddress address;
    std::unique_ptr<ProbeDialogue> dialogue;
    absl::Duration timeout;  // from the moment it has its socket
    // Called once on the loop's thread, under no lock; it must not block. Not called if the job is
    // cancelled in time, or the loop ends first.
    absl::AnyInvocable<void(ProbeResult)> on_done;
  };
  using JobId = uint64_t;

  SocketLoop();
  // Ends the thread, and drops what is left. REQUIRES: not on the loop's thread.
  ~SocketLoop();
  SocketLoop(const SocketLoop&) = delete;
  SocketLoop& operator=(const SocketLoop&) = delete;

  JobId Add(Job job);
  // No effect on a job that is done. Its `on_done` may be running meanwhile.
  void Cancel(JobId id);

 private:
  // A job that has its socket.
  struct Running {
    Running(Job job, absl::Time now)
        : conversation(job.address, std::move(job.dialogue)),
          timeout(job.timeout),
          deadline(now + job.timeout),
          on_done(std::move(job.on_done)) {}

    SocketConversation conversation;
    const absl::Duration timeout;
    const absl::Time deadline;
    absl::AnyInvocable<void(ProbeResult)> on_done;
  };

  void Wake();
  // The rest is the loop's thread.
  void Run();
  // False: the loop is to end.
  bool TakeOrders();
  void StartWaiting();
  // Waits until something is to be done, and goes on with those conversations that can.
  void Poll();
  void EndOverdue();
  // How long there is nothing to do, if no socket says otherwise.
  absl::Duration IdleTime() const;
  void Finish(JobId id, ProbeResult result);

  const SteadyClock clock_;
  int wake_read_ = -1;  // -1: there is no pipe, and the loop looks now and then
  int wake_write_ = -1;

  Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  JobId last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::pair<JobId, Job>> added_ ABSL_GUARDED_BY(mutex_);
  std::vector<JobId> cancelled_ ABSL_GUARDED_BY(mutex_);

  // The loop's thread.
  std::map<JobId, Job> waiting_;
  std::map<JobId, Running> running_;

  std::thread thread_;
};

}  // namespace mesh::wire

#endif  // MESH_WIRE_SOCKET_LOOP_H_
