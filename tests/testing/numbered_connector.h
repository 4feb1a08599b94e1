#ifndef TESTS_TESTING_NUMBERED_CONNECTOR_H_
#define TESTS_TESTING_NUMBERED_CONNECTOR_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mesh/wire/connection.h"

namespace mesh::testing {

// Connections that connect to nothing, told apart by the order in which they were made, for tests
// that have several to one address. Serializer-bound; it outlives its connections.
class NumberedConnector final : public wire::Connector {
 public:
  class Numbered final : public wire::Connection {
   public:
    Numbered(NumberedConnector* connector, size_t number, Observer* observer)
        : connector_(connector), number_(number), observer_(observer) {}
    ~Numbered() override { connector_->connections_[number_] = nullptr; }

    void Connect() override { wanted_ = true; }
    void Disconnect() override { wanted_ = false; }
    void Recheck() override { ++rechecks_; }
    wire::ConnectionState state() const override { return state_; }
    const std::shared_ptr<grpc::Channel>& channel() const override { return channel_; }

    size_t number() const { return number_; }
    bool wanted() const { return wanted_; }
    int rechecks() const { return rechecks_; }
    void Become(wire::ConnectionState state) {
      state_ = state;
      observer_->OnConnectionState(state, state == wire::ConnectionState::kFailing
                                              ? absl::UnavailableError("refused")
                                              : absl::OkStatus());
    }

   private:
    NumberedConnector* const connector_;
    const size_t number_;
    Observer* const observer_;
    const std::shared_ptr<grpc::Channel> channel_;
    wire::ConnectionState state_ = wire::ConnectionState::kIdle;
    bool wanted_ = false;
    int rechecks_ = 0;
  };

  std::unique_ptr<wire::Connection> Create(const wire::ConnectionKey& /*key*/,
                                           wire::Connection::Observer* observer) override {
    auto connection = std::make_unique<Numbered>(this, connections_.size(), observer);
    connections_.push_back(connection.get());
    return connection;
  }

  // Null once it is gone.
  Numbered* connection(size_t number) const { return connections_.at(number); }
  void Become(size_t number, wire::ConnectionState state) { connection(number)->Become(state); }
  size_t made() const { return connections_.size(); }
  // The numbers of those that live: `0 2`.
  std::string Live() const {
    std::string live;
    for (const Numbered* connection : connections_) {
      if (connection == nullptr) continue;
      absl::StrAppend(&live, live.empty() ? "" : " ", connection->number());
    }
    return live;
  }

 private:
  std::vector<Numbered*> connections_;
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_NUMBERED_CONNECTOR_H_
