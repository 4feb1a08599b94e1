#include "mesh/wire/socket_prober.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "mesh/wire/probe_dialogue.h"
#include "mesh/wire/socket_address.h"

namespace mesh::wire {
namespace {

// Where the result goes: nowhere, once the probe is gone. Serializer-bound.
class Answer {
 public:
  explicit Answer(Prober::OnDone done) : done_(std::move(done)) {}

  void Drop() { done_ = nullptr; }
  void Deliver(ProbeResult result) {
    if (done_ == nullptr) return;
    Prober::OnDone done = std::move(done_);
    done_ = nullptr;
    done(std::move(result));
  }

 private:
  Prober::OnDone done_;
};

class SocketProbe final : public Probe {
 public:
  explicit SocketProbe(std::shared_ptr<Answer> answer) : answer_(std::move(answer)) {}
  ~SocketProbe() override {
    answer_->Drop();
    if (loop_ != nullptr) loop_->Cancel(job_);
  }

  void SetJob(SocketLoop* loop, SocketLoop::JobId job) {
    loop_ = loop;
    job_ = job;
  }

 private:
  const std::shared_ptr<Answer> answer_;
  SocketLoop* loop_ = nullptr;
  SocketLoop::JobId job_ = 0;
};

}  // namespace

std::unique_ptr<Probe> SocketProber::Start(const ProbeRequest& request, OnDone done) {
  auto answer = std::make_shared<Answer>(std::move(done));
  auto probe = std::make_unique<SocketProbe>(answer);
  // On any thread.
  auto deliver = [serializer = serializer_, answer = std::move(answer)](ProbeResult result) {
    serializer->Post(
        [answer, result = std::move(result)]() mutable { answer->Deliver(std::move(result)); });
  };
  const absl::StatusOr<SocketAddress> address = SocketAddress::Parse(request.address);
  if (!address.ok()) {
    deliver({ProbeOutcome::kNetwork,
             absl::StrCat("address \"", request.address, "\": ", address.status().message())});
    return probe;
  }
  if (loop_ == nullptr) loop_ = std::make_unique<SocketLoop>();
  SocketLoop::Job job;
  job.address = *address;
  job.dialogue = NewProbeDialogue(*request.check,
                                  request.authority.empty() ? request.address : request.authority);
  job.timeout = request.check->timeout;
  job.on_done = std::move(deliver);
  probe->SetJob(loop_.get(), loop_->Add(std::move(job)));
  return probe;
}

}  // namespace mesh::wire
