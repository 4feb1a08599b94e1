#ifndef MESH_CALL_MANAGED_STREAM_H_
#define MESH_CALL_MANAGED_STREAM_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/strings/cord.h"
#include "absl/time/time.h"
#include "mesh/base/mutex.h"
#include "mesh/call/attempt_in_flight.h"
#include "mesh/call/byte_stream.h"
#include "mesh/call/channel_core.h"
#include "mesh/call/endpoint_search.h"
#include "mesh/call/waiter.h"

namespace mesh::call {

// A streaming call whose attempts are ours: it waits until there is a connected endpoint, and then
// passes messages both ways between the application and a stream to that endpoint.
//
//   ──► held by the core ──endpoint──► starting ──metadata were sent──► open ──► ended
//            ▲    │ deadline,              │ never given to a transport: elsewhere, at most twice
//            │    ▼ cancellation           │
//            │  ended                      │
//            └─────────────────────────────┘
//
// What is to be sent and received waits in order until the stream is open, at most what the
// application has pending: nothing is buffered beyond that. Callbacks run under no lock, each
// once: on the serializer, on the transport's thread, or inside the call that was given them.
// Thread-safe.
class ManagedStream final : public Waiter, public std::enable_shared_from_this<ManagedStream> {
 public:
  using OnSent = ByteStream::OnSent;
  using OnReceived = ByteStream::OnReceived;
  // What they are given lives as long as the stream.
  using OnInitialMetadata = absl::AnyInvocable<void(const Metadata&)>;
  using OnEnd = absl::AnyInvocable<void(const ExchangeResponse&)>;

  ManagedStream(std::shared_ptr<ChannelCore> core, std::unique_ptr<StreamTransport> transport,
                CallInfo call);
  ~ManagedStream() override;

  // The call has begun: from now on its deadline and Cancel() end it, whatever is asked of it.
  // REQUIRES: called once, first.
  void Watch();
  // Its metadata may be sent: looks for an endpoint. `on_sent` runs when they were sent.
  // REQUIRES: called once, before Send() and CloseSending().
  void Start(OnSent on_sent);
  void Send(absl::Cord message, bool last, OnSent on_sent);
  void CloseSending(OnSent on_sent);
  void Receive(OnReceived on_received);
  // Runs when they have come; at the end, with none, if the server sent none.
  void GetInitialMetadata(OnInitialMetadata on_initial_metadata);
  void GetEnd(OnEnd on_end);

  // Ends the stream soon with that status, if it has not ended.
  void Cancel(int code, std::string message);
  // Nobody waits for anything any more: the stream is cancelled, and the application's context may
  // go. REQUIRES: no callback is pending.
  void Abandon();

  Step Advance() override;
  bool EndIfCancelled() override;
  void EndWait(int code, std::string message) override;
  absl::Time deadline() const override { return search_.deadline(); }
  absl::Time look_again() const override { return search_.look_again(); }
  std::string WaitReason() const override { return search_.WaitReason(); }

 private:
  enum class Sending { kMessage, kLastMessage, kClose };
  struct ToSend {
    Sending what;
    absl::Cord message;
    OnSent on_sent;
  };
  struct Status {
    int code;
    std::string message;
  };

  void BeginAttempt(GoTo step);
  void OnStarted(bool ok);
  void OnInitialMetadataCame(Metadata metadata);
  void OnAttemptEnd(ExchangeResponse response);
  void Enqueue(ToSend to_send);
  // Gives the stream what waits for it, as far as it is open.
  void SendNext();
  void ReceiveNext();
  void Finish(ExchangeResponse response);

  const std::shared_ptr<ChannelCore> core_;
  const std::unique_ptr<StreamTransport> transport_;

  // Of whoever takes the next step.
  EndpointSearch search_;
  cluster::Permit permit_;  // of the attempt in flight
  absl::Time attempt_start_;

  // Held while an attempt begins, which reads the application's context.
  Mutex begin_mutex_;
  bool abandoned_ ABSL_GUARDED_BY(begin_mutex_) = false;

  Mutex mutex_;
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  OnSent on_started_ ABSL_GUARDED_BY(mutex_);
  std::deque<ToSend> to_send_ ABSL_GUARDED_BY(mutex_);
  std::deque<OnReceived> to_receive_ ABSL_GUARDED_BY(mutex_);
  std::vector<OnInitialMetadata> on_initial_metadata_ ABSL_GUARDED_BY(mutex_);
  std::vector<OnEnd> on_end_ ABSL_GUARDED_BY(mutex_);

  AttemptInFlight<ByteStream> in_flight_ ABSL_GUARDED_BY(mutex_);
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
  bool receiving_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<Status> cancelled_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool committed_ ABSL_GUARDED_BY(mutex_) = false;  // initial_metadata_ is what it will stay
  // Written once, before `committed_` and `ended_` are set; then immutable.
  Metadata initial_metadata_;
  ExchangeResponse end_;
};

}  // namespace mesh::call

#endif  // MESH_CALL_MANAGED_STREAM_H_
