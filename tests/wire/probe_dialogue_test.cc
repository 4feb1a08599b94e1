#include "mesh/wire/probe_dialogue.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"

namespace mesh::wire {
namespace {

using model::HealthCheck;

HealthCheck Tcp(std::string send, std::vector<std::string> receive) {
  HealthCheck check;
  check.kind = HealthCheck::Tcp{std::move(send), std::move(receive)};
  return check;
}

HealthCheck Http(std::vector<std::pair<uint32_t, uint32_t>> expected = {{200, 201}}) {
  HealthCheck::Http http;
  http.path = "/healthz?full=1";
  http.expected = std::move(expected);
  HealthCheck check;
  check.kind = std::move(http);
  return check;
}

std::string NameOf(const ProbeResult& result) {
  switch (result.outcome) {
    case ProbeOutcome::kSuccess:
      return absl::StrCat("success: ", result.text);
    case ProbeOutcome::kUnexpected:
      return absl::StrCat("unexpected: ", result.text);
    case ProbeOutcome::kNetwork:
      return absl::StrCat("network: ", result.text);
    case ProbeOutcome::kRetriable:
      return absl::StrCat("retriable: ", result.text);
    default:
      return "not a result of a dialogue";
  }
}

// What comes of hearing `pieces` and then the end; `...` before it if the end decided.
std::string Outcome(const HealthCheck& check, const std::vector<std::string>& pieces) {
  const std::unique_ptr<ProbeDialogue> dialogue = NewProbeDialogue(check, "reviews");
  std::optional<ProbeResult> result = dialogue->Hear("");
  for (const std::string& piece : pieces) {
    if (!result.has_value()) result = dialogue->Hear(piece);
  }
  return result.has_value() ? NameOf(*result) : absl::StrCat("... ", NameOf(dialogue->End()));
}

std::vector<std::string> Bytes(const std::string& text) {
  std::vector<std::string> bytes;
  for (const char c : text) bytes.emplace_back(1, c);
  return bytes;
}

TEST(ProbeDialogueTest, TcpTable) {
  const struct {
    std::vector<std::string> receive;
    std::string heard;
    const char* outcome;
  } kCases[] = {
      {{}, "", "success: connected"},
      {{"PONG"}, "+PONG\r\n", "success: expected answer"},
      {{"PONG"}, "", "... network: closed without an answer"},
      {{"PONG"}, "PON", "... network: closed without the expected answer"},
      {{"PONG"}, "-ERR\r\n", "... network: closed without the expected answer"},
      {{"a", "b"}, "xaxbx", "success: expected answer"},
      {{"a", "b"}, "ab", "success: expected answer"},
      {{"a", "b"}, "ba", "... network: closed without the expected answer"},
      {{"aa", "a"}, "aa", "... network: closed without the expected answer"},
      {{"aa", "a"}, "aaa", "success: expected answer"},
      {{"aab"}, "aaab", "success: expected answer"},
      {{std::string("\0\xff", 2)}, std::string("x\0\xff", 3), "success: expected answer"},
      {{"", "a"}, "a", "success: expected answer"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Outcome(Tcp("", test.receive), {test.heard}), test.outcome) << test.heard;
    EXPECT_EQ(Outcome(Tcp("", test.receive), Bytes(test.heard)), test.outcome) << test.heard;
  }
}

TEST(ProbeDialogueTest, HttpTable) {
  const struct {
    const char* heard;
    const char* outcome;
  } kCases[] = {
      {"HTTP/1.1 200 OK\r\n", "success: HTTP status 200"},
      {"HTTP/1.0 200 OK\r\n", "success: HTTP status 200"},
      {"HTTP/1.1 200\r\n", "success: HTTP status 200"},
      {"HTTP/1.1 200 \r\n", "success: HTTP status 200"},
      {"HTTP/1.1 200 OK\n", "success: HTTP status 200"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", "success: HTTP status 200"},
      {"HTTP/1.1 201 Created\r\n", "unexpected: HTTP status 201"},
      {"HTTP/1.1 204 No Content\r\n", "unexpected: HTTP status 204"},
      {"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "unexpected: HTTP status 302"},
      {"HTTP/1.1 503 Service Unavailable\r\n\r\n", "unexpected: HTTP status 503"},
      {"HTTP/1.1 999 What\r\n\r\n", "unexpected: HTTP status 999"},
      // Interim responses are no answer.
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", "success: HTTP status 200"},
      {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
       "HTTP/1.1 503 No\r\n",
       "unexpected: HTTP status 503"},
      {"HTTP/1.1 100 Continue\r\n\r\n", "... network: closed without an answer"},
      {"HTTP/1.1 100 Continue\r\nHTTP/1.1 200 OK\r\n", "... network: closed without an answer"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "unexpected: HTTP status 101"},
      {"", "... network: closed without an answer"},
      {"HTTP/1.1 200 OK", "... network: closed without an answer"},
      {"HTT", "... network: closed without an answer"},
      {"HTTX", "network: the answer is not HTTP/1"},
      {"HTTP/2.0 200 OK\r\n", "network: the answer is not HTTP/1"},
      {"HTTP/1.x 200 OK\r\n", "network: the answer is not HTTP/1"},
      {"HTTP/1.1  200 OK\r\n", "network: the answer is not HTTP/1"},
      {"HTTP/1.1 20 OK\r\n", "network: the answer is not HTTP/1"},
      {"HTTP/1.1 2000 OK\r\n", "network: the answer is not HTTP/1"},
      {"HTTP/1.1 -20 OK\r\n", "network: the answer is not HTTP/1"},
      {"HTTP/1.1 099 OK\r\n", "network: the answer is not HTTP/1"},
      {"HTTP/1.1\r\n", "network: the answer is not HTTP/1"},
      {"\r\n", "network: the answer is not HTTP/1"},
      {"SSH-2.0-OpenSSH\r\n", "network: the answer is not HTTP/1"},
      {"HTTP/1.1 100 Continue\r\n\r\nhello\r\n", "network: the answer is not HTTP/1"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Outcome(Http(), {test.heard}), test.outcome) << test.heard;
    EXPECT_EQ(Outcome(Http(), Bytes(test.heard)), test.outcome) << test.heard;
  }
}

// HTTP/2 begins with a frame of settings.
TEST(ProbeDialogueTest, GrpcServerDoesNotAnswerHttp1) {
  EXPECT_EQ(Outcome(Http(), {std::string("\0\0\x06\x04\0\0\0\0\0", 9)}),
            "network: the answer is not HTTP/1");
}

TEST(ProbeDialogueTest, ExpectedRangesAreHalfOpen) {
  const HealthCheck check = Http({{200, 300}, {418, 419}});
  const struct {
    int code;
    bool success;
  } kCases[] = {{199, false}, {200, true}, {299, true}, {300, false},
                {417, false}, {418, true}, {419, false}};
  for (const auto& test : kCases) {
    if (test.code < 200) continue;  // interim
    EXPECT_EQ(Outcome(check, {absl::StrCat("HTTP/1.1 ", test.code, "\r\n")}),
              absl::StrCat(test.success ? "success" : "unexpected", ": HTTP status ", test.code));
  }
}

TEST(ProbeDialogueTest, RetriableStatuses) {
  HealthCheck check = Http({{200, 300}});
  std::get<HealthCheck::Http>(check.kind).retriable = {{204, 205}, {500, 503}};
  const struct {
    int code;
    const char* outcome;
  } kCases[] = {{204, "success"},  // what is expected is
                {499, "unexpected"},
                {500, "retriable"},
                {502, "retriable"},
                {503, "unexpected"}};
  for (const auto& test : kCases) {
    EXPECT_EQ(Outcome(check, {absl::StrCat("HTTP/1.1 ", test.code, "\r\n")}),
              absl::StrCat(test.outcome, ": HTTP status ", test.code));
  }
}

TEST(ProbeDialogueTest, ListensToSoMuch) {
  const std::string most(ProbeDialogue::kMaxHeard, '.');
  EXPECT_EQ(Outcome(Tcp("", {"x"}), {most, "x"}), "success: expected answer");
  EXPECT_EQ(Outcome(Tcp("", {"x"}), {most, ".", "x"}),
            "network: no answer in the first 65536 bytes");
  const std::string line = "HTTP/1.1 200 ";
  EXPECT_EQ(Outcome(Http(), {line, most}), "network: no answer in the first 65536 bytes");
  std::vector<std::string> interim(4000, "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(Outcome(Http(), interim), "network: no answer in the first 65536 bytes");
}

TEST(ProbeDialogueTest, Requests) {
  EXPECT_EQ(NewProbeDialogue(Tcp("PING\r\n", {}), "reviews")->Request(), "PING\r\n");
  EXPECT_EQ(NewProbeDialogue(Http(), "reviews")->Request(),
            "GET /healthz?full=1 HTTP/1.1\r\nHost: reviews\r\nuser-agent: mesh\r\n"
            "Connection: close\r\n\r\n");
}

TEST(ProbeDialogueTest, MethodsAndHeaders) {
  HealthCheck check = Http();
  auto& http = std::get<HealthCheck::Http>(check.kind);
  http.method = "HEAD";
  http.headers = {{"x-probe", "a b"}, {"x-probe", "%"}};
  EXPECT_EQ(NewProbeDialogue(check, "reviews")->Request(),
            "HEAD /healthz?full=1 HTTP/1.1\r\nHost: reviews\r\nx-probe: a b\r\nx-probe: %\r\n"
            "Connection: close\r\n\r\n");
  http.method = "POST";
  http.headers.clear();
  EXPECT_EQ(NewProbeDialogue(check, "reviews")->Request(),
            "POST /healthz?full=1 HTTP/1.1\r\nHost: reviews\r\nContent-Length: 0\r\n"
            "Connection: close\r\n\r\n");
}

TEST(ProbeDialogueTest, ConfiguredTextStaysInItsPlace) {
  HealthCheck check = Http();
  std::get<HealthCheck::Http>(check.kind).path = "/a b\r\nX: y\x7f/\xc3\xa4";
  EXPECT_EQ(NewProbeDialogue(check, "re views\r\nX: y")->Request(),
            "GET /a%20b%0d%0aX:%20y%7f/\xc3\xa4 HTTP/1.1\r\nHost: reviewsX:y\r\n"
            "user-agent: mesh\r\nConnection: close\r\n\r\n");
}

// An oracle: all of the answer at once, for a dialogue that heard it in pieces.
TEST(ProbeDialogueTest, PiecesMakeNoDifference) {
  const std::unique_ptr<Random> random = NewSeededRandom(11);
  const std::vector<std::string> words = {"HTTP/1.1 ", "200", "100", " OK",
                                          "\r\n",      "\n",  "a",   "ab"};
  const std::vector<HealthCheck> checks = {Http(), Tcp("", {"a", "ab"}), Tcp("", {"\r\n\r\n"})};
  int decided = 0;
  for (int run = 0; run < 20000; ++run) {
    std::string heard;
    for (uint64_t i = random->NextBelow(10); i > 0; --i) {
      heard += words[random->NextBelow(words.size())];
    }
    std::vector<std::string> pieces;
    for (size_t at = 0; at < heard.size();) {
      const size_t size = 1 + random->NextBelow(5);
      pieces.push_back(heard.substr(at, size));
      at += size;
    }
    const HealthCheck& check = checks[random->NextBelow(checks.size())];
    const std::string whole = Outcome(check, {heard});
    ASSERT_EQ(Outcome(check, pieces), whole) << heard;
    if (!absl::StartsWith(whole, "...")) ++decided;
  }
  EXPECT_GT(decided, 1000);
}

}  // namespace
}  // namespace mesh::wire
