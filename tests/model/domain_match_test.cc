// Which virtual host serves a domain: grpc-go's matcher_test.go, and envoy's
// route_components.proto.

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "mesh/model/route.h"

namespace mesh::model {
namespace {

// Each host has the name of its place.
RouteConfiguration Hosts(std::vector<std::vector<std::string>> domains) {
  RouteConfiguration routes;
  for (std::vector<std::string>& of_host : domains) {
    VirtualHost host;
    host.name = std::to_string(routes.virtual_hosts.size());
    host.domains = std::move(of_host);
    routes.virtual_hosts.push_back(std::move(host));
  }
  return routes;
}

std::string Find(const RouteConfiguration& routes, const std::string& domain) {
  const VirtualHost* host = FindVirtualHost(routes, domain);
  return host == nullptr ? "none" : host->name;
}

TEST(DomainMatchTest, OnePattern) {
  struct {
    std::string pattern;
    std::string domain;
    bool matches;
  } const rows[] = {
      {"*", "any.thing", true},
      {"foo.bar.com", "foo.bar.com", true},
      {"foo.bar.com", "foo.bar.com.", false},
      {"foo.bar.com", "FOO.bar.Com", true},
      {"abc.*", "abc.123", true},    // DOM-07
      {"abc.*", "abcd.123", false},  // DOM-07
      {"*.123", "abc.123", true},    // DOM-08
      {"*.123", "abc.1234", false},  // DOM-08
      {"*.ABC", "x.abc", true},
      {"ABC.*", "abc.x", true},
      // An asterisk stands for one character at least.
      {"*.123", ".123", false},
      {"abc.*", "abc.", false},
      {"*-bar.foo.com", "baz-bar.foo.com", true},
      {"*-bar.foo.com", "-bar.foo.com", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(Find(Hosts({{row.pattern}}), row.domain), row.matches ? "0" : "none")
        << row.pattern << " and " << row.domain;
  }
}

TEST(DomainMatchTest, ExactThenLongestSuffixThenLongestPrefixThenAny) {
  const RouteConfiguration routes = Hosts({
      {"*"},
      {"a.*"},
      {"a.b.*"},
      {"*.d"},
      {"*.c.d", "other"},
      {"a.b.c.d"},
  });
  EXPECT_EQ(Find(routes, "a.b.c.d"), "5");
  EXPECT_EQ(Find(routes, "a.x.c.d"), "4");
  EXPECT_EQ(Find(routes, "a.b.x.d"), "3");  // the shorter suffix before the longer prefix
  EXPECT_EQ(Find(routes, "a.b.x"), "2");
  EXPECT_EQ(Find(routes, "a.x"), "1");
  EXPECT_EQ(Find(routes, "x"), "0");
  EXPECT_EQ(Find(routes, "OTHER"), "4");
}

TEST(DomainMatchTest, NoneServes) {
  EXPECT_EQ(Find(Hosts({}), "a"), "none");
  EXPECT_EQ(Find(Hosts({{"b", "*.a"}}), "a"), "none");
}

}  // namespace
}  // namespace mesh::model
