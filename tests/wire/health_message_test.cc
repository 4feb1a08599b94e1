#include "mesh/wire/health_message.h"

#include <string>

#include "gtest/gtest.h"

namespace mesh::wire {
namespace {

using std::string_literals::operator""s;

TEST(HealthMessageTest, RequestNamesTheService) {
  EXPECT_EQ(EncodeHealthCheckRequest(""), "");
  EXPECT_EQ(EncodeHealthCheckRequest("abc"), "\x0a\x03"s + "abc");
  const std::string name(300, 'n');
  EXPECT_EQ(EncodeHealthCheckRequest(name), "\x0a\xac\x02"s + name);
}

TEST(HealthMessageTest, ResultTable) {
  constexpr auto kSuccess = ProbeOutcome::kSuccess;
  constexpr auto kUnexpected = ProbeOutcome::kUnexpected;
  constexpr auto kUnimplemented = ProbeOutcome::kUnimplemented;
  constexpr auto kNetwork = ProbeOutcome::kNetwork;
  constexpr auto kTimeout = ProbeOutcome::kTimeout;
  const struct {
    int code;
    const char* message;
    std::string response;
    ProbeOutcome outcome;
    const char* text;
  } kCases[] = {
      {0, "", "\x08\x01"s, kSuccess, "SERVING"},
      {0, "", "\x08\x02"s, kUnexpected, "NOT_SERVING"},
      {0, "", "\x08\x03"s, kUnexpected, "SERVICE_UNKNOWN"},
      {0, "", "\x08\x00"s, kUnexpected, "UNKNOWN"},
      {0, "", "", kUnexpected, "UNKNOWN"},
      {0, "", "\x08\x04"s, kUnexpected, "status 4"},
      {0, "", "\x08\x81\x02"s, kUnexpected, "status 257"},
      // The last one counts, and other fields do not.
      {0, "", "\x08\x02\x08\x01"s, kSuccess, "SERVING"},
      {0, "", "\x08\x01\x08\x02"s, kUnexpected, "NOT_SERVING"},
      {0, "", "\x10\x02\x0a\x01x\x08\x01"s, kSuccess, "SERVING"},
      {0, "", "\x0a\x01\x01"s, kUnexpected, "UNKNOWN"},
      {0, "", "\x08\x01\x08"s, kUnexpected, "malformed HealthCheckResponse"},
      {0, "", "hello", kUnexpected, "malformed HealthCheckResponse"},
      {1, "stream reset", "", kNetwork, "CANCELLED: stream reset"},
      {2, "oops", "", kUnexpected, "UNKNOWN: oops"},
      {4, "Deadline Exceeded", "", kTimeout, "DEADLINE_EXCEEDED: Deadline Exceeded"},
      {5, "unknown service", "", kUnexpected, "NOT_FOUND: unknown service"},
      {7, "", "", kUnexpected, "PERMISSION_DENIED"},
      {8, "busy", "", kUnexpected, "RESOURCE_EXHAUSTED: busy"},
      {12, "", "", kUnimplemented, "UNIMPLEMENTED"},
      {13, "", "", kUnexpected, "INTERNAL"},
      {14, "Socket closed", "", kNetwork, "UNAVAILABLE: Socket closed"},
      {14, "", "\x08\x01"s, kNetwork, "UNAVAILABLE"},
      {16, "", "", kUnexpected, "UNAUTHENTICATED"},
  };
  for (const auto& test : kCases) {
    const ProbeResult result = ToProbeResult(test.code, test.message, test.response);
    EXPECT_EQ(result.outcome, test.outcome) << test.text;
    EXPECT_EQ(result.text, test.text);
  }
}

TEST(HealthMessageTest, RepeatsLittleOfAMessage) {
  EXPECT_EQ(ToProbeResult(2, std::string(100000, 'm'), "").text,
            "UNKNOWN: " + std::string(200, 'm'));
}

TEST(HealthMessageTest, WhatCountsAsAnAnswer) {
  EXPECT_TRUE(IsAnswer(ProbeOutcome::kSuccess));
  EXPECT_TRUE(IsAnswer(ProbeOutcome::kUnexpected));
  EXPECT_TRUE(IsAnswer(ProbeOutcome::kUnimplemented));
  EXPECT_FALSE(IsAnswer(ProbeOutcome::kNetwork));
  EXPECT_FALSE(IsAnswer(ProbeOutcome::kTimeout));
}

}  // namespace
}  // namespace mesh::wire
