#ifndef TESTS_CALL_FAKE_STREAM_TRANSPORT_H_
#define TESTS_CALL_FAKE_STREAM_TRANSPORT_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "mesh/base/mutex.h"
#include "mesh/call/byte_stream.h"

namespace mesh::call::testing {

// Streams without a network: the test sees what is sent and asked for, and says what comes.
// Copies share the streams. Thread-safe, but each stream is the test's.
class FakeStreamTransport final : public StreamTransport {
 public:
  struct Stream final : ByteStream {
    void Send(absl::Cord message, bool last, OnSent done) override {
      sent.push_back(std::string(message) + (last ? " (last)" : ""));
      on_sent = std::move(done);
    }
    void CloseSending(OnSent done) override {
      sent.push_back("(close)");
      on_sent = std::move(done);
    }
    void Receive(OnReceived done) override {
      ++receives;
      on_received = std::move(done);
    }
    void Cancel() override { cancelled = true; }

    // The last that happens to it.
    void End(ExchangeResponse response) {
      ByteStreamEvents ended = std::move(events);  // they refer to whoever keeps this
      ended.on_end(std::move(response));
    }

    ExchangeRequest request;
    const wire::Connection* connection = nullptr;
    ByteStreamEvents events;
    std::vector<std::string> sent;
    OnSent on_sent;
    OnReceived on_received;
    int receives = 0;
    bool cancelled = false;
  };

  FakeStreamTransport() : state_(std::make_shared<State>()) {}
  std::unique_ptr<FakeStreamTransport> Share() const {
    return std::make_unique<FakeStreamTransport>(*this);
  }

  std::shared_ptr<ByteStream> Start(ExchangeRequest request, wire::Connection& connection,
                                    ByteStreamEvents events) override {
    MutexLock lock(&state_->mutex);
    if (state_->gone) return nullptr;
    auto stream = std::make_shared<Stream>();
    stream->request = std::move(request);
    stream->connection = &connection;
    stream->events = std::move(events);
    state_->streams.push_back(stream);
    state_->began.SignalAll();
    return stream;
  }

  // Stream `index`, from 0; waits for it for some seconds, then null.
  std::shared_ptr<Stream> Get(size_t index) const {
    MutexLock lock(&state_->mutex);
    for (int i = 0; i < 500 && state_->streams.size() <= index; ++i) {
      state_->began.WaitFor(&state_->mutex, absl::Milliseconds(10));
    }
    return index < state_->streams.size() ? state_->streams[index] : nullptr;
  }
  size_t size() const {
    MutexLock lock(&state_->mutex);
    return state_->streams.size();
  }
  // From now on no stream can begin: the mesh is gone.
  void Leave() {
    MutexLock lock(&state_->mutex);
    state_->gone = true;
  }

 private:
  struct State {
    Mutex mutex;
    CondVar began;
    bool gone ABSL_GUARDED_BY(mutex) = false;
    std::vector<std::shared_ptr<Stream>> streams ABSL_GUARDED_BY(mutex);
  };
  std::shared_ptr<State> state_;
};

}  // namespace mesh::call::testing

#endif  // TESTS_CALL_FAKE_STREAM_TRANSPORT_H_
