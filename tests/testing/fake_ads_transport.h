#ifndef TESTS_TESTING_FAKE_ADS_TRANSPORT_H_
#define TESTS_TESTING_FAKE_ADS_TRANSPORT_H_

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "mesh/xds/transport.h"

namespace mesh::testing {

// The server's end of one ADS stream. It outlives the client's end, which may be gone. What it
// does to the client is called on the serializer, not inside a call of the client.
class FakeAdsStream {
 public:
  const std::string& method() const { return method_; }
  // Whether the client still holds its end.
  bool open() const { return observer_ != nullptr; }
  // Whether the client waits for a message.
  bool reading() const { return reading_; }
  // Whether the client broke the contract: a Read() before the last was answered.
  bool misused() const { return misused_; }
  size_t sent() const { return sent_total_; }

  // Takes the oldest message that was not taken; empty if there is none.
  std::string TakeSent();
  bool has_sent() const { return !sent_.empty(); }

  // Tells the client that every message which it sent so far has reached the network.
  void ConfirmSent();
  // Answers the client's Read(). REQUIRES: reading().
  void Deliver(std::string bytes);
  // The stream ends. No effect if it is not open.
  void Close(const absl::Status& status);

  // Called when the client sends, reads, or lets go of its end; it must not call the client.
  void set_on_client(std::function<void()> on_client) { on_client_ = std::move(on_client); }

 private:
  friend class FakeAdsTransports;
  friend class FakeAdsClientEnd;

  std::string method_;
  xds::AdsStream::Observer* observer_ = nullptr;
  std::deque<std::string> sent_;
  size_t sent_total_ = 0;
  size_t unconfirmed_ = 0;
  bool reading_ = false;
  bool misused_ = false;
  std::function<void()> on_client_;
};

// Makes transports to servers that do what a test tells them. Keeps every stream that was ever
// opened. Serializer-bound; must outlive the client.
class FakeAdsTransports final : public xds::AdsTransportFactory {
 public:
  absl::StatusOr<std::unique_ptr<xds::AdsTransport>> Create(
      const xds::ServerConfig& server) override;

  // From now on Create() fails with it, unless it is OK.
  void FailCreate(absl::Status status) { create_status_ = std::move(status); }

  // Called with each stream that is opened; it must not call the client.
  void set_on_open(std::function<void(const std::shared_ptr<FakeAdsStream>&)> on_open) {
    on_open_ = std::move(on_open);
  }

  const std::vector<std::shared_ptr<FakeAdsStream>>& streams() const { return streams_; }
  // The last one; null if there is none.
  std::shared_ptr<FakeAdsStream> last() const {
    return streams_.empty() ? nullptr : streams_.back();
  }
  const std::vector<xds::ServerConfig>& created() const { return created_; }

 private:
  class Transport;

  absl::Status create_status_;
  std::function<void(const std::shared_ptr<FakeAdsStream>&)> on_open_;
  std::vector<xds::ServerConfig> created_;
  std::vector<std::shared_ptr<FakeAdsStream>> streams_;
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_FAKE_ADS_TRANSPORT_H_
