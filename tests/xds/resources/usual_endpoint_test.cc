#include "mesh/xds/resources/usual_endpoint.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "mesh/xds/proto/endpoint.pb.h"

namespace mesh::xds {
namespace {

using proto::LbEndpoint;

LbEndpoint Usual() {
  LbEndpoint endpoint;
  auto* socket = endpoint.mutable_endpoint()->mutable_address()->mutable_socket_address();
  socket->set_address("10.1.2.3");
  socket->set_port_value(8080);
  return endpoint;
}

proto::SocketAddress* SocketOf(LbEndpoint* endpoint) {
  return endpoint->mutable_endpoint()->mutable_address()->mutable_socket_address();
}

TEST(UsualEndpoint, ReadsAddressHealthAndWeight) {
  LbEndpoint endpoint = Usual();
  EXPECT_EQ(DecodeUsualEndpoint(endpoint.SerializeAsString()),
            (model::EndpointConfig{"10.1.2.3:8080", 1, model::HealthStatus::kUnknown}));
  endpoint.set_health_status(3);
  endpoint.mutable_load_balancing_weight()->set_value(4'000'000'000);
  EXPECT_EQ(
      DecodeUsualEndpoint(endpoint.SerializeAsString()),
      (model::EndpointConfig{"10.1.2.3:8080", 4'000'000'000, model::HealthStatus::kDraining}));
}

TEST(UsualEndpoint, LeavesEverythingElseToTheFullDecode) {
  const struct {
    const char* name;
    void (*change)(LbEndpoint* endpoint);
  } kCases[] = {
      {"nothing", [](LbEndpoint* e) { e->Clear(); }},
      {"IPv6", [](LbEndpoint* e) { SocketOf(e)->set_address("::1"); }},
      {"a name", [](LbEndpoint* e) { SocketOf(e)->set_address("localhost"); }},
      {"no host", [](LbEndpoint* e) { SocketOf(e)->clear_address(); }},
      {"a zero in the host",
       [](LbEndpoint* e) { SocketOf(e)->set_address(std::string("10.1.2.3\0x", 10)); }},
      {"a long host", [](LbEndpoint* e) { SocketOf(e)->set_address(std::string(500, '1')); }},
      {"no port", [](LbEndpoint* e) { SocketOf(e)->clear_port_value(); }},
      {"a port out of range", [](LbEndpoint* e) { SocketOf(e)->set_port_value(65536); }},
      {"UDP", [](LbEndpoint* e) { SocketOf(e)->set_protocol(1); }},
      {"a pipe",
       [](LbEndpoint* e) {
         e->mutable_endpoint()->mutable_address()->mutable_pipe()->set_path("/p");
       }},
      {"more addresses", [](LbEndpoint* e) { e->mutable_endpoint()->add_additional_addresses(); }},
      {"health unknown to us", [](LbEndpoint* e) { e->set_health_status(6); }},
      {"negative health", [](LbEndpoint* e) { e->set_health_status(-1); }},
      {"weight 0", [](LbEndpoint* e) { e->mutable_load_balancing_weight(); }},
  };
  for (const auto& test : kCases) {
    LbEndpoint endpoint = Usual();
    test.change(&endpoint);
    EXPECT_FALSE(DecodeUsualEndpoint(endpoint.SerializeAsString()).has_value()) << test.name;
  }
  const std::string bytes = Usual().SerializeAsString();
  EXPECT_FALSE(DecodeUsualEndpoint(bytes + bytes).has_value()) << "merged by protobuf";
  EXPECT_FALSE(DecodeUsualEndpoint(bytes + "\x1a\x01x").has_value()) << "field 3, metadata";
}

// Whatever it reads, protobuf reads too.
TEST(UsualEndpoint, AgreesWithProtobufOnDamagedBytes) {
  LbEndpoint endpoint = Usual();
  endpoint.set_health_status(1);
  endpoint.mutable_load_balancing_weight()->set_value(300);
  const std::string good = endpoint.SerializeAsString();
  std::mt19937 random(7);
  int read = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string bytes = good.substr(0, random() % 4 == 0 ? random() % good.size() : good.size());
    for (unsigned changes = random() % 3; changes > 0 && !bytes.empty(); --changes) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const std::optional<model::EndpointConfig> usual = DecodeUsualEndpoint(bytes);
    if (!usual.has_value()) continue;
    ++read;
    LbEndpoint parsed;
    ASSERT_TRUE(parsed.ParseFromString(bytes));
    const proto::SocketAddress& socket = parsed.endpoint().address().socket_address();
    ASSERT_EQ(usual->address, absl::StrCat(socket.address(), ":", socket.port_value()));
    ASSERT_EQ(static_cast<int>(usual->health), parsed.health_status());
    ASSERT_EQ(usual->weight,
              parsed.has_load_balancing_weight() ? parsed.load_balancing_weight().value() : 1u);
  }
  EXPECT_GT(read, 10'000);
}

}  // namespace
}  // namespace mesh::xds
