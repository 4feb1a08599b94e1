#include "mesh/wire/channel_target.h"

#include "gtest/gtest.h"

namespace mesh::wire {
namespace {

TEST(ChannelTargetTest, EndpointAddresses) {
  const struct {
    const char* address;
    const char* target;
  } cases[] = {
      {"10.0.0.1:80", "ipv4:///10.0.0.1:80"},
      {"[2001:db8::1]:80", "ipv6:///%5B2001:db8::1%5D:80"},
      {"[::]:1", "ipv6:///%5B::%5D:1"},
      {"unix:/run/a.sock", "unix:///run/a.sock"},
      {"unix:///run/a.sock", "unix:///run/a.sock"},
      {"unix:a.sock", "unix:a.sock"},
      {"unix-abstract:name", "unix-abstract:name"},
      {"host.example:80", "dns:///host.example:80"},
      {"10.0.0.256:80", "dns:///10.0.0.256:80"},
      {"1.2.3:80", "dns:///1.2.3:80"},
      {"host", "dns:///host"},
      {"", "dns:///"},
  };
  for (const auto& c : cases) EXPECT_EQ(EndpointTarget(c.address), c.target) << c.address;
}

TEST(ChannelTargetTest, ServerUris) {
  const struct {
    const char* uri;
    const char* target;
  } cases[] = {
      {"dns:///istiod:15010", "dns:///istiod:15010"},
      {"unix:///etc/istio/proxy/XDS", "unix:///etc/istio/proxy/XDS"},
      {"127.0.0.1:1", "127.0.0.1:1"},
      {"passthrough:///127.0.0.1:1", "127.0.0.1:1"},
      {"passthrough:127.0.0.1:1", "127.0.0.1:1"},
  };
  for (const auto& c : cases) EXPECT_EQ(ServerTarget(c.uri), c.target) << c.uri;
}

}  // namespace
}  // namespace mesh::wire
