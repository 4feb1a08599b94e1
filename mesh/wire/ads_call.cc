#include "mesh/wire/ads_call.h"

#include <utility>

#include "mesh/wire/byte_buffer.h"

namespace mesh::wire {

Pump::Tag* AdsCall::Operation::Begin() {
  pending_ = true;
  keep_ = call_->shared_from_this();
  return this;
}

void AdsCall::Operation::OnEvent(bool ok) {
  Serializer* const serializer = call_->serializer_;
  // The last use of this: the call may end with the task, run or not.
  serializer->Post([this, call = std::move(keep_), ok] {
    pending_ = false;
    (call.get()->*done_)(ok);
  });
}

AdsCall::AdsCall(Pump* pump, Serializer* serializer, std::shared_ptr<grpc::Channel> channel,
                 absl::string_view method, xds::AdsStream::Observer* observer)
    : pump_(pump),
      serializer_(serializer),
      observer_(observer),
      method_(method),
      stub_(std::move(channel)) {}

void AdsCall::Start() {
  hold_.emplace(pump_);
  stream_ = stub_.PrepareCall(&context_, method_, pump_->queue());
  stream_->StartCall(start_.Begin());
}

void AdsCall::Send(std::string bytes) {
  unsent_.push_back(std::move(bytes));
  WriteNext();
}

void AdsCall::Read() {
  read_wanted_ = true;
  ReadNext();
}

void AdsCall::Abandon() {
  observer_ = nullptr;
  hold_.reset();
  unsent_.clear();
  context_.TryCancel();
}

void AdsCall::OnStarted(bool ok) {
  hold_.reset();
  if (!ok) return Finish();
  state_ = State::kStreaming;
  WriteNext();
  ReadNext();
}

void AdsCall::WriteNext() {
  if (state_ != State::kStreaming || write_.pending() || unsent_.empty() || observer_ == nullptr) {
    return;
  }
  const grpc::ByteBuffer message = ToByteBuffer(std::move(unsent_.front()));
  unsent_.pop_front();
  stream_->Write(message, write_.Begin());
}

void AdsCall::OnWritten(bool ok) {
  if (!ok) {
    if (state_ == State::kStreaming) state_ = State::kReading;
    unsent_.clear();
    return;
  }
  WriteNext();
  if (observer_ != nullptr) observer_->OnSent();
}

void AdsCall::ReadNext() {
  const bool open = state_ == State::kStreaming || state_ == State::kReading;
  if (!open || read_.pending() || !read_wanted_ || observer_ == nullptr) return;
  read_wanted_ = false;
  stream_->Read(&received_, read_.Begin());
}

void AdsCall::OnRead(bool ok) {
  if (!ok) return Finish();
  if (observer_ == nullptr) return;
  std::string bytes = ToBytes(received_);
  received_.Clear();
  observer_->OnMessage(std::move(bytes));
}

void AdsCall::Finish() {
  if (observer_ == nullptr) return;
  state_ = State::kFinishing;
  stream_->Finish(&status_, finish_.Begin());
}

void AdsCall::OnFinished(bool) {
  if (observer_ == nullptr) return;
  std::exchange(observer_, nullptr)
      ->OnClosed(absl::Status(static_cast<absl::StatusCode>(status_.error_code()),
                              status_.error_message()));
}

}  // namespace mesh::wire
