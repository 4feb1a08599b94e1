#include "resolver/address.h"

#include <string>

#include "gtest/gtest.h"

namespace mesh::resolver {
namespace {

using Kind = Address::Kind;

TEST(AddressTest, Parses) {
  struct Case {
    std::string text;
    Kind kind;
    std::string host;
    uint16_t port;
    std::string again;
  };
  const Case cases[] = {
      {"10.0.0.1:80", Kind::kIpv4, "10.0.0.1", 80, "10.0.0.1:80"},
      {"10.0.0.1", Kind::kIpv4, "10.0.0.1", 443, "10.0.0.1:443"},
      {"[::1]:65535", Kind::kIpv6, "::1", 65535, "[::1]:65535"},
      {"[::1]", Kind::kIpv6, "::1", 443, "[::1]:443"},
      {"[fe80::1%eth0]:80", Kind::kIpv6, "fe80::1%eth0", 80, "[fe80::1%eth0]:80"},
      {"a-b_c.svc.:1", Kind::kName, "a-b_c.svc.", 1, "a-b_c.svc.:1"},
      {"1a", Kind::kName, "1a", 443, "1a:443"},
      {"unix:/tmp/a b", Kind::kUnix, "/tmp/a b", 0, "unix:/tmp/a b"},
      {"unix:///tmp/a:1", Kind::kUnix, "/tmp/a:1", 0, "unix:/tmp/a:1"},
      {"unix:relative", Kind::kUnix, "relative", 0, "unix:relative"},
  };
  for (const Case& c : cases) {
    const absl::StatusOr<Address> address = Address::Parse(c.text, 443);
    ASSERT_TRUE(address.ok()) << c.text << ": " << address.status();
    EXPECT_EQ(address->kind, c.kind) << c.text;
    EXPECT_EQ(address->host, c.host) << c.text;
    EXPECT_EQ(address->port, c.port) << c.text;
    EXPECT_EQ(address->ToString(), c.again);
  }
}

TEST(AddressTest, Refuses) {
  struct Case {
    std::string text, error;
  };
  const Case cases[] = {
      {"", "it is empty"},
      {"a", "the port is missing"},
      {"[::1]", "the port is missing"},
      {"a:", "\"\" is not a port"},
      {"a:http", "\"http\" is not a port"},
      {"a:+80", "\"+80\" is not a port"},
      {"a:-1", "\"-1\" is not a port"},
      {"a: 80", "\" 80\" is not a port"},
      {"a:0", "port 0 is out of range"},
      {"a:70000", "port 70000 is out of range"},
      {":80", "the host is empty"},
      {"::1:80", "an IPv6 address needs brackets: [address]:port"},
      {"[::1:80", "] is missing"},
      {"[::1]80", "a colon is missing after ]"},
      {"[1.2.3.4]:80", "\"1.2.3.4\" is not an IPv6 address"},
      {"[fe80::1%]:80", "\"fe80::1%\" is not an IPv6 address"},
      {"10.0.0.256:80", "\"10.0.0.256\" is neither an address nor a name"},
      {"a b:80", "\"a b\" is neither an address nor a name"},
      {"a/b:80", "\"a/b\" is neither an address nor a name"},
      {std::string(254, 'a') + ":80", "the name is longer than 253 bytes"},
      {"unix:", "the path is empty"},
      {"unix:/" + std::string(107, 'a'), "the path is longer than 107 bytes"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Address::Parse(c.text).status(), absl::InvalidArgumentError(c.error)) << c.text;
  }
}

}  // namespace
}  // namespace mesh::resolver
