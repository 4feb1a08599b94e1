// What endpoints answer to health checks: an answer by HTTP or TCP means the same in whatever
// pieces it comes; bytes that a server sends as a HealthCheckResponse are an answer.

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "mesh/wire/health_message.h"
#include "mesh/wire/probe_dialogue.h"
#include "tests/fuzz/fuzz_target.h"

namespace mesh::fuzz {
namespace {

using model::HealthCheck;
using wire::ProbeResult;

// What comes of hearing `answer` in pieces of that size.
ProbeResult Hear(const HealthCheck& check, absl::string_view answer, size_t size) {
  const std::unique_ptr<wire::ProbeDialogue> dialogue = wire::NewProbeDialogue(check, "reviews");
  std::optional<ProbeResult> result = dialogue->Hear("");
  for (; !result.has_value() && !answer.empty();
       answer.remove_prefix(std::min(size, answer.size()))) {
    result = dialogue->Hear(answer.substr(0, size));
  }
  return result.has_value() ? *std::move(result) : dialogue->End();
}

void CompareSizes(const HealthCheck& check, absl::string_view answer) {
  const ProbeResult whole = Hear(check, answer, answer.size());
  for (const size_t size : {size_t{1}, size_t{7}}) {
    const ProbeResult pieces = Hear(check, answer, size);
    Require(pieces.outcome == whole.outcome && pieces.text == whole.text,
            "pieces make no difference");
  }
}

}  // namespace

bool IsWireFormat() { return false; }

void RunInput(absl::string_view input) {
  const ProbeResult response = wire::ToProbeResult(0, "", input);
  Require(wire::IsAnswer(response.outcome), "what a server sends is an answer");
  if (input.size() > wire::ProbeDialogue::kMaxHeard) return;
  HealthCheck check;
  HealthCheck::Http http;
  http.path = "/";
  check.kind = http;
  CompareSizes(check, input);
  check.kind = HealthCheck::Tcp{"", {"er", "er"}};
  CompareSizes(check, input);
}

std::vector<std::string> Seeds() {
  return {
      "HTTP/1.1 200 OK\r\nServer: envoy\r\nContent-Length: 2\r\n\r\nok",
      "HTTP/1.0 503 Service Unavailable\r\nConnection: close\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204\n",
      std::string("\0\0\x12\x04\0\0\0\0\0\0\x03\x7f\xff\xff\xff", 15),
      "220 server ready for another\r\n",
      "\x08\x01",
      "\x08\x02\x12\x04more",
  };
}

}  // namespace mesh::fuzz
