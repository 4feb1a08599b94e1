#include "mesh/wire/socket_loop.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"

namespace mesh::wire {
namespace {

// Where a process has no descriptors left for a pipe: how long new orders may wait.
constexpr absl::Duration kLookEvery = absl::Milliseconds(50);
constexpr absl::Duration kLongestWait = absl::Minutes(1);

// For poll(), rounded up so that it does not return too early.
int ToPollTimeout(absl::Duration wait) {
  wait = std::max(wait, absl::ZeroDuration());
  return static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1))));
}

}  // namespace

SocketLoop::SocketLoop() {
  int ends[2];
  if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0) {
    wake_read_ = ends[0];
    wake_write_ = ends[1];
  }
  thread_ = std::thread([this] { Run(); });
}

SocketLoop::~SocketLoop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
  if (wake_read_ >= 0) close(wake_read_);
  if (wake_write_ >= 0) close(wake_write_);
}

SocketLoop::JobId SocketLoop::Add(Job job) {
  JobId id;
  {
    MutexLock lock(&mutex_);
    id = ++last_id_;
    added_.emplace_back(id, std::move(job));
  }
  Wake();
  return id;
}

void SocketLoop::Cancel(JobId id) {
  {
    MutexLock lock(&mutex_);
    cancelled_.push_back(id);
  }
  Wake();
}

void SocketLoop::Wake() {
  const char byte = 0;
  // A pipe that is full wakes as well.
  if (wake_write_ >= 0) static_cast<void>(!write(wake_write_, &byte, 1));
}

void SocketLoop::Run() {
  while (TakeOrders()) {
    StartWaiting();
    Poll();
    EndOverdue();
  }
}

bool SocketLoop::TakeOrders() {
  std::vector<std::pair<JobId, Job>> added;
  std::vector<JobId> cancelled;
  {
    MutexLock lock(&mutex_);
    if (stopping_) return false;
    added.swap(added_);
    cancelled.swap(cancelled_);
  }
  for (auto& [id, job] : added) waiting_.emplace(id, std::move(job));
  for (const JobId id : cancelled) {
    waiting_.erase(id);
    running_.erase(id);
  }
  return true;
}

void SocketLoop::StartWaiting() {
  while (!waiting_.empty() && running_.size() < kMaxSockets) {
    const auto first = waiting_.begin();
    const JobId id = first->first;
    Running& running =
        running_.try_emplace(id, std::move(first->second), clock_.Now()).first->second;
    waiting_.erase(first);
    std::optional<ProbeResult> result = running.conversation.Start();
    if (result.has_value()) Finish(id, *std::move(result));
  }
}

void SocketLoop::Poll() {
  std::vector<JobId> ids;
  std::vector<pollfd> sockets = {{wake_read_, POLLIN, 0}};
  for (const auto& [id, running] : running_) {
    ids.push_back(id);
    sockets.push_back({running.conversation.fd(), running.conversation.events(), 0});
  }
  if (poll(sockets.data(), sockets.size(), ToPollTimeout(IdleTime())) <= 0) return;
  char bytes[64];
  while (wake_read_ >= 0 && read(wake_read_, bytes, sizeof(bytes)) > 0) {
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    if (sockets[i + 1].revents == 0) continue;
    std::optional<ProbeResult> result = running_.at(ids[i]).conversation.Continue();
    if (result.has_value()) Finish(ids[i], *std::move(result));
  }
}

absl::Duration SocketLoop::IdleTime() const {
  absl::Duration idle = wake_read_ >= 0 ? kLongestWait : kLookEvery;
  const absl::Time now = clock_.Now();
  for (const auto& [id, running] : running_) idle = std::min(idle, running.deadline - now);
  return idle;
}

void SocketLoop::EndOverdue() {
  const absl::Time now = clock_.Now();
  for (auto next = running_.begin(); next != running_.end();) {
    const auto& [id, running] = *next++;
    if (now < running.deadline) continue;
    const char* const awaited = running.conversation.connected() ? "answer" : "connection";
    Finish(id, {ProbeOutcome::kTimeout,
                absl::StrCat("no ", awaited, " within ", absl::FormatDuration(running.timeout))});
  }
}

void SocketLoop::Finish(JobId id, ProbeResult result) {
  const auto found = running_.find(id);
  auto on_done = std::move(found->second.on_done);
  running_.erase(found);  // the socket is closed by then
  on_done(std::move(result));
}

}  // namespace mesh::wire
