#include "tests/testing/fake_ads_transport.h"

namespace mesh::testing {

std::string FakeAdsStream::TakeSent() {
  if (sent_.empty()) return "";
  std::string message = std::move(sent_.front());
  sent_.pop_front();
  return message;
}

void FakeAdsStream::ConfirmSent() {
  for (; unconfirmed_ > 0 && open(); --unconfirmed_) observer_->OnSent();
}

void FakeAdsStream::Deliver(std::string bytes) {
  reading_ = false;
  observer_->OnMessage(std::move(bytes));
}

void FakeAdsStream::Close(const absl::Status& status) {
  if (observer_ == nullptr) return;
  reading_ = false;
  xds::AdsStream::Observer* const observer = std::exchange(observer_, nullptr);
  observer->OnClosed(status);
}

// What the client holds.
class FakeAdsClientEnd final : public xds::AdsStream {
 public:
  explicit FakeAdsClientEnd(std::shared_ptr<FakeAdsStream> stream) : stream_(std::move(stream)) {}
  ~FakeAdsClientEnd() override {
    stream_->observer_ = nullptr;
    stream_->reading_ = false;
    if (stream_->on_client_) stream_->on_client_();
  }

  void Send(std::string bytes) override {
    stream_->sent_.push_back(std::move(bytes));
    ++stream_->sent_total_;
    ++stream_->unconfirmed_;
    if (stream_->on_client_) stream_->on_client_();
  }
  void Read() override {
    if (stream_->reading_) stream_->misused_ = true;
    stream_->reading_ = true;
    if (stream_->on_client_) stream_->on_client_();
  }

 private:
  const std::shared_ptr<FakeAdsStream> stream_;
};

class FakeAdsTransports::Transport final : public xds::AdsTransport {
 public:
  explicit Transport(FakeAdsTransports* owner) : owner_(owner) {}

  std::unique_ptr<xds::AdsStream> Open(absl::string_view method,
                                       xds::AdsStream::Observer* observer) override {
    auto stream = std::make_shared<FakeAdsStream>();
    stream->method_ = std::string(method);
    stream->observer_ = observer;
    owner_->streams_.push_back(stream);
    if (owner_->on_open_) owner_->on_open_(stream);
    return std::make_unique<FakeAdsClientEnd>(std::move(stream));
  }

 private:
  FakeAdsTransports* const owner_;
};

absl::StatusOr<std::unique_ptr<xds::AdsTransport>> FakeAdsTransports::Create(
    const xds::ServerConfig& server) {
  if (!create_status_.ok()) return create_status_;
  created_.push_back(server);
  return std::unique_ptr<xds::AdsTransport>(std::make_unique<Transport>(this));
}

}  // namespace mesh::testing
