#include "mesh/wire/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "gtest/gtest.h"

namespace mesh::wire {
namespace {

// As the system reads it: `ipv4 10.0.0.1 80`, `unix 5 /a.b`.
std::string Read(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.family() == AF_INET) {
    sockaddr_in raw;
    memcpy(&raw, &address.storage, sizeof(raw));
    EXPECT_EQ(address.length, sizeof(raw));
    inet_ntop(AF_INET, &raw.sin_addr, text, sizeof(text));
    return "ipv4 " + std::string(text) + " " + std::to_string(ntohs(raw.sin_port));
  }
  if (address.family() == AF_INET6) {
    sockaddr_in6 raw;
    memcpy(&raw, &address.storage, sizeof(raw));
    EXPECT_EQ(address.length, sizeof(raw));
    inet_ntop(AF_INET6, &raw.sin6_addr, text, sizeof(text));
    return "ipv6 " + std::string(text) + " " + std::to_string(ntohs(raw.sin6_port)) + " scope " +
           std::to_string(raw.sin6_scope_id);
  }
  sockaddr_un raw;
  memcpy(&raw, &address.storage, sizeof(raw));
  const size_t size = address.length - offsetof(sockaddr_un, sun_path);
  std::string path(raw.sun_path, size);
  for (char& c : path) c = c == '\0' ? '0' : c;
  return "unix " + path;
}

TEST(SocketAddressTest, Table) {
  const std::string longest(sizeof(sockaddr_un::sun_path) - 1, 'p');
  const struct {
    std::string text;
    std::string address;  // empty: an error
  } kCases[] = {
      {"10.0.0.1:80", "ipv4 10.0.0.1 80"},
      {"255.255.255.255:65535", "ipv4 255.255.255.255 65535"},
      {"[2001:db8::1]:80", "ipv6 2001:db8::1 80 scope 0"},
      {"[::ffff:10.0.0.1]:80", "ipv6 ::ffff:10.0.0.1 80 scope 0"},
      {"[fe80::1%1]:80", "ipv6 fe80::1 80 scope 1"},
      {"unix:/run/a.sock", "unix /run/a.sock0"},
      {"unix:///run/a.sock", "unix /run/a.sock0"},
      {"unix:a.sock", "unix a.sock0"},
      {"unix:" + longest, "unix " + longest + "0"},
      {"unix-abstract:name", "unix 0name"},
      {"", ""},
      {"10.0.0.1", ""},
      {"10.0.0.1:", ""},
      {"10.0.0.1:http", ""},
      {":80", ""},
      {"host.example:80", ""},
      {"localhost:80", ""},
      {"[10.0.0.1]:80", ""},
      {"2001:db8::1:80", ""},
      {"[2001:db8::1:80", ""},
      {"[]:80", ""},
      {"unix:", ""},
      {"unix:" + longest + "p", ""},
      {"unix-abstract:", ""},
  };
  for (const auto& test : kCases) {
    const absl::StatusOr<SocketAddress> address = SocketAddress::Parse(test.text);
    EXPECT_EQ(address.ok() ? Read(*address) : "", test.address) << test.text;
  }
}

}  // namespace
}  // namespace mesh::wire
