#include "resolver/dns/cares_lookup.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace mesh::resolver {
namespace {

constexpr int kTimeoutMs = 2000;
constexpr int kTries = 3;
// c-ares tells by ares_timeout() when it wants to be called; this bounds the wait should it not.
constexpr int kLongestWaitMs = 1000;

struct ChannelDeleter {
  void operator()(ares_channeldata* channel) const { ares_destroy(channel); }
};
using Channel = std::unique_ptr<ares_channeldata, ChannelDeleter>;

absl::Status CaresError(int code) { return absl::UnavailableError(ares_strerror(code)); }

absl::StatusOr<Channel> OpenChannel(const std::string& server) {
  // No ares_library_init(): it does nothing here but on Windows, and is not thread-safe.
  ares_options options = {};
  char lookups[] = "fb";  // the hosts file, then DNS
  options.timeout = kTimeoutMs;
  options.tries = kTries;
  options.lookups = lookups;
  ares_channel opened = nullptr;
  int code =
      ares_init_options(&opened, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
  if (code != ARES_SUCCESS) return CaresError(code);
  Channel channel(opened);
  if (server.empty()) return channel;
  code = ares_set_servers_ports_csv(channel.get(), server.c_str());
  if (code != ARES_SUCCESS) {
    return absl::UnavailableError(
        absl::StrCat("DNS server \"", server, "\": ", ares_strerror(code)));
  }
  return channel;
}

// Empty if it is neither IPv4 nor IPv6.
std::string TextOf(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text = {};
  if (address.sa_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &ipv4.sin_addr, text.data(), text.size());
    return text.data();
  }
  if (address.sa_family != AF_INET6) return "";
  const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(address);
  inet_ntop(AF_INET6, &ipv6.sin6_addr, text.data(), text.size());
  if (ipv6.sin6_scope_id == 0) return text.data();
  return absl::StrCat(text.data(), "%", ipv6.sin6_scope_id);
}

int CaresFamily(HostResolver::Family family) {
  switch (family) {
    case HostResolver::Family::kIpv4:
      return AF_INET;
    case HostResolver::Family::kIpv6:
      return AF_INET6;
    case HostResolver::Family::kAny:
      break;
  }
  return AF_UNSPEC;
}

using Result = std::optional<absl::StatusOr<HostResolver::Answer>>;

void OnAnswer(void* argument, int code, int /*timeouts*/, ares_addrinfo* info) {
  Result& result = *static_cast<Result*>(argument);
  if (code != ARES_SUCCESS) {
    result = CaresError(code);
    return;
  }
  HostResolver::Addresses addresses;
  int ttl = std::numeric_limits<int>::max();
  for (const ares_addrinfo_node* node = info->nodes; node != nullptr; node = node->ai_next) {
    ttl = std::min(ttl, node->ai_ttl);
    std::string text = TextOf(*node->ai_addr);
    const bool is_new = std::find(addresses.begin(), addresses.end(), text) == addresses.end();
    if (is_new && !text.empty()) addresses.push_back(std::move(text));
  }
  for (const ares_addrinfo_cname* name = info->cnames; name != nullptr; name = name->next) {
    ttl = std::min(ttl, name->ttl);
  }
  ares_freeaddrinfo(info);
  if (addresses.empty()) {
    result = CaresError(ARES_ENODATA);
  } else {
    result = HostResolver::Answer{std::move(addresses), absl::Seconds(std::max(ttl, 0))};
  }
}

int WaitMs(ares_channel channel) {
  timeval longest = {kLongestWaitMs / 1000, 0};
  timeval buffer = {};
  const timeval* wait = ares_timeout(channel, &longest, &buffer);
  return static_cast<int>(wait->tv_sec * 1000 + (wait->tv_usec + 999) / 1000);
}

// Waits for the channel's sockets, its next timeout, or `wake`, and lets c-ares work.
void Step(ares_channel channel, int wake) {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets = {};
  const auto ready = static_cast<uint32_t>(
      ares_getsock(channel, sockets.data(), static_cast<int>(sockets.size())));
  std::array<pollfd, ARES_GETSOCK_MAXNUM + 1> polled = {};
  polled[0] = {wake, POLLIN, 0};
  size_t count = 1;
  for (size_t i = 0; i < sockets.size(); ++i) {
    short events = 0;
    if (ARES_GETSOCK_READABLE(ready, i)) events |= POLLIN;
    if (ARES_GETSOCK_WRITABLE(ready, i)) events |= POLLOUT;
    if (events != 0) polled[count++] = {sockets[i], events, 0};
  }
  poll(polled.data(), count, WaitMs(channel));
  if ((polled[0].revents & POLLIN) != 0) {
    uint64_t ignored = 0;
    while (read(wake, &ignored, sizeof(ignored)) < 0 && errno == EINTR) {
    }
  }
  // Also with no socket: this is how c-ares notices what is overdue.
  ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  for (size_t i = 1; i < count; ++i) {
    const short events = polled[i].revents;
    const bool readable = (events & (POLLIN | POLLERR | POLLHUP)) != 0;
    const bool writable = (events & (POLLOUT | POLLERR | POLLHUP)) != 0;
    ares_process_fd(channel, readable ? polled[i].fd : ARES_SOCKET_BAD,
                    writable ? polled[i].fd : ARES_SOCKET_BAD);
  }
}

}  // namespace

absl::StatusOr<HostResolver::Answer> LookUpWithCares(const std::string& host,
                                                     HostResolver::Family family,
                                                     const std::string& server, int wake,
                                                     const std::function<bool()>& is_cancelled) {
  Result result;  // outlives the channel, whose end may call OnAnswer
  absl::StatusOr<Channel> channel = OpenChannel(server);
  if (!channel.ok()) return channel.status();
  ares_addrinfo_hints hints = {};
  hints.ai_family = CaresFamily(family);
  hints.ai_socktype = SOCK_STREAM;  // each address once
  ares_getaddrinfo(channel->get(), host.c_str(), nullptr, &hints, OnAnswer, &result);
  while (!result.has_value()) {
    if (is_cancelled()) return absl::CancelledError("the query was taken back");
    Step(channel->get(), wake);
  }
  return *std::move(result);
}

}  // namespace mesh::resolver
