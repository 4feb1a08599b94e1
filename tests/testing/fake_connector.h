#ifndef TESTS_TESTING_FAKE_CONNECTOR_H_
#define TESTS_TESTING_FAKE_CONNECTOR_H_

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mesh/base/serializer.h"
#include "mesh/wire/connection.h"

namespace mesh::testing {

// Connections that connect to nothing and are in the state that a test says. Serializer-bound,
// but for live().
class FakeConnector final : public wire::Connector {
 public:
  class FakeConnection;

  // `serializer` outlives the connector and its connections.
  explicit FakeConnector(Serializer* serializer) : serializer_(serializer) {}

  // What a connection does that is told to connect: it becomes kConnecting, and then, if `state`
  // is not that, `state`. Default: it stays kConnecting.
  void set_outcome(wire::ConnectionState state) { outcome_ = state; }
  // The same for one address.
  void set_outcome(absl::string_view address, wire::ConnectionState state) {
    outcomes_[std::string(address)] = state;
  }

  // The connection to `address` that was made last and is alive, or null.
  FakeConnection* connection(absl::string_view address) const;
  // Sets its state and tells its observer, in a task of its own. REQUIRES: there is one.
  void Become(absl::string_view address, wire::ConnectionState state,
              const absl::Status& reason = absl::OkStatus());

  // The address of a connection that is alive; empty: it is none of these.
  std::string AddressOf(const wire::Connection* connection) const;
  // The state of the connection to `address` that was made last; idle if there is none.
  wire::ConnectionState StateOf(absl::string_view address) const;
  // Addresses with a connection that is asked for, sorted.
  std::vector<std::string> Wanted() const;
  // Connections that exist, and that were ever made.
  int live() const { return live_->load(); }
  int made() const { return made_; }
  // How often Recheck() was called.
  int rechecks(absl::string_view address) const;

  std::unique_ptr<wire::Connection> Create(const wire::ConnectionKey& key,
                                           wire::Connection::Observer* observer) override;

 private:
  Serializer* const serializer_;
  wire::ConnectionState outcome_ = wire::ConnectionState::kConnecting;
  std::map<std::string, wire::ConnectionState> outcomes_;
  std::map<std::string, std::weak_ptr<FakeConnection*>> connections_;
  // Shared, because a connection may outlive the connector on another thread.
  const std::shared_ptr<std::atomic<int>> live_ = std::make_shared<std::atomic<int>>(0);
  int made_ = 0;
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_FAKE_CONNECTOR_H_
