// Endpoints of a cluster that have several addresses (envoy endpoint.proto, additional_addresses;
// gRFC A61): one endpoint, by whichever address it is there.

#include <memory>
#include <string>
#include <vector>

#include "mesh/cluster/endpoint_table.h"
#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {
namespace {

using Addresses = std::vector<std::string>;

class EndpointAddressesTest : public ClusterTest {
 protected:
  static model::EndpointConfig With(const std::string& address, const Addresses& additional) {
    model::EndpointConfig endpoint{address};
    auto extras = std::make_shared<model::EndpointExtras>();
    extras->additional_addresses = additional;
    if (!additional.empty()) endpoint.extras = std::move(extras);
    return endpoint;
  }
  void Serve(const std::vector<model::EndpointConfig>& endpoints, model::Cluster cluster = {}) {
    Apply(Config(endpoints, std::move(cluster)));
    Connect();
  }
  // The address that calls of the one endpoint use.
  std::string Used() {
    PickResult result = Pick();
    auto* const picked = std::get_if<Picked>(&result);
    return picked == nullptr ? "none" : connector_.AddressOf(&picked->permit.connection());
  }
  void Gather() { Advance(EndpointTable::kGatherSuccessorsFor); }
};

TEST_F(EndpointAddressesTest, OneOfThemIsConnected) {
  Serve({With("a:1", {"b:1", "c:1"})});
  EXPECT_EQ(Wanted(), (Addresses{"a:1"}));
  Advance(absl::Milliseconds(250));
  EXPECT_EQ(Wanted(), (Addresses{"a:1", "b:1"}));
  Become("b:1", ConnectionState::kReady);
  EXPECT_EQ(PickText(), "a:1") << "its name is the first address, whichever is used";
  EXPECT_EQ(Used(), "b:1");
  EXPECT_EQ(SnapshotNow().localities[0].endpoints.size(), 1u);
}

TEST_F(EndpointAddressesTest, ItFailsWhenAllHave) {
  Serve({With("a:1", {"b:1"})});
  Become("a:1", ConnectionState::kFailing);
  EXPECT_EQ(PickText(), "pending");
  Become("b:1", ConnectionState::kFailing);
  EXPECT_NE(PickText().find("a:1: refused; b:1: refused"), std::string::npos) << PickText();
}

TEST_F(EndpointAddressesTest, AnUpdateOfThemBringsAnotherConnectionBesideThatThereIs) {
  Serve({With("a:1", {"b:1"})});
  Become("a:1", ConnectionState::kReady);
  EXPECT_EQ(Used(), "a:1");
  connector_.set_outcome("a:1", ConnectionState::kFailing);  // the next one to it
  Serve({With("a:1", {"c:1"})});
  EXPECT_EQ(PickText(), "a:1");
  EXPECT_NE(Used(), "c:1") << "the other one connects";
  Become("c:1", ConnectionState::kReady);
  Gather();
  EXPECT_EQ(Used(), "c:1");
  Serve({With("a:1", {})});
  EXPECT_EQ(Used(), "c:1");
  Gather();
  EXPECT_NE(PickText().find("a:1: refused"), std::string::npos)
      << "it has failed, and that is what is configured: " << PickText();
}

TEST_F(EndpointAddressesTest, AnUpdateThatTakesTheLastOneBackHasNoEffect) {
  Serve({With("a:1", {"b:1"})});
  Become("a:1", ConnectionState::kFailing);
  Become("b:1", ConnectionState::kReady);
  Serve({With("a:1", {"c:1"})});
  Serve({With("a:1", {"b:1"})});
  // That which was to take the place of the other is gone.
  ASSERT_EQ(connector_.connection("a:1"), nullptr);
  Gather();
  EXPECT_EQ(Used(), "b:1");
}

TEST_F(EndpointAddressesTest, AnUpdateOfOthersDoesNotBeginAnew) {
  Serve({With("a:1", {}), With("d:1", {})});
  Become("a:1", ConnectionState::kReady);
  Become("d:1", ConnectionState::kReady);
  Serve({With("a:1", {"b:1"}), With("d:1", {})});
  EXPECT_EQ(connector_.made(), 3);
  Serve({With("a:1", {"b:1"}), With("d:1", {"e:1"})});
  EXPECT_EQ(connector_.made(), 4) << "that to a goes on connecting";
}

TEST_F(EndpointAddressesTest, WithSeveralConnectionsToo) {
  model::Cluster cluster;
  cluster.connections.max_concurrent_calls = 1;
  Serve({With("a:1", {"b:1"})}, cluster);
  Become("a:1", ConnectionState::kFailing);
  Become("b:1", ConnectionState::kReady);
  EXPECT_EQ(Used(), "b:1");
}

}  // namespace
}  // namespace mesh::cluster
