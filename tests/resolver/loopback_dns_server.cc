#include "tests/resolver/loopback_dns_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace mesh::testing {
namespace {

constexpr size_t kHeaderSize = 12;  // RFC 1035, 4.1.1
constexpr char kTypeA = 1;
constexpr char kTypeAaaa = 28;

// One resource record for the name of the question.
std::string Record(char type, absl::string_view record_text) {
  const std::vector<std::string> words = absl::StrSplit(record_text, ' ');
  const std::string& address = words[0];
  int ttl = 60;
  EXPECT_TRUE(words.size() == 1 || (absl::SimpleAtoi(words[1], &ttl) && ttl < 128));
  std::array<char, 16> bytes = {};
  const size_t size = type == kTypeA ? 4 : 16;
  inet_pton(type == kTypeA ? AF_INET : AF_INET6, address.c_str(), bytes.data());
  std::string record("\xc0\x0c", 2);  // the name at offset 12
  record +=
      std::string({0, type, 0, 1, 0, 0, 0, static_cast<char>(ttl), 0, static_cast<char>(size)});
  return record + std::string(bytes.data(), size);
}

}  // namespace

LoopbackDnsServer::LoopbackDnsServer(Records records) : records_(std::move(records)) {
  socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  socklen_t size = sizeof(address);
  getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

LoopbackDnsServer::~LoopbackDnsServer() {
  // An empty datagram to itself ends the thread.
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port_);
  sendto(socket_, "", 0, 0, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  thread_.join();
  close(socket_);
}

std::string LoopbackDnsServer::address() const { return absl::StrCat("127.0.0.1:", port_); }

std::vector<std::string> LoopbackDnsServer::questions() const {
  MutexLock lock(&mutex_);
  return questions_;
}

void LoopbackDnsServer::AwaitQuestion() {
  MutexLock lock(&mutex_);
  while (questions_.empty()) asked_.Wait(&mutex_);
}

void LoopbackDnsServer::Serve() {
  while (true) {
    std::array<char, 512> buffer;
    sockaddr_in from = {};
    socklen_t from_size = sizeof(from);
    const ssize_t size = recvfrom(socket_, buffer.data(), buffer.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size <= 0) return;
    const std::string answer = AnswerTo(std::string(buffer.data(), static_cast<size_t>(size)));
    if (answer.empty()) continue;
    sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), from_size);
  }
}

std::string LoopbackDnsServer::AnswerTo(const std::string& request) {
  std::string name;
  size_t at = kHeaderSize;
  while (at < request.size() && request[at] != 0) {
    const auto length = static_cast<size_t>(request[at]);
    absl::StrAppend(&name, name.empty() ? "" : ".", request.substr(at + 1, length));
    at += 1 + length;
  }
  const size_t question_end = at + 5;
  if (question_end > request.size()) return "";
  const char type = request[at + 2];
  absl::AsciiStrToLower(&name);
  {
    MutexLock lock(&mutex_);
    questions_.push_back(absl::StrCat(name, type == kTypeA      ? " A"
                                            : type == kTypeAaaa ? " AAAA"
                                                                : " ?"));
    asked_.SignalAll();
  }
  const auto found = records_.find(name);
  if (found != records_.end() && found->second.empty()) return "";

  std::string answers;
  char count = 0;
  if (found != records_.end()) {
    for (const std::string& address : found->second) {
      const bool is_ipv6 = address.find(':') != std::string::npos;
      if (type != (is_ipv6 ? kTypeAaaa : kTypeA)) continue;
      answers += Record(type, address);
      ++count;
    }
  }
  const char code = found == records_.end() ? 3 : 0;  // NXDOMAIN, or no error
  std::string answer = request.substr(0, 2);
  // Flags: a response, recursion desired and available; then the four counts.
  answer += std::string({'\x81', static_cast<char>('\x80' | code), 0, 1, 0, count, 0, 0, 0, 0});
  answer += request.substr(kHeaderSize, question_end - kHeaderSize);
  return answer + answers;
}

}  // namespace mesh::testing
