#include "mesh/wire/probe_dialogue.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace mesh::wire {
namespace {

using model::HealthCheck;

// Not an answer that says unhealthy, but none: as Envoy counts it.
ProbeResult NoAnswer(std::string text) { return {ProbeOutcome::kNetwork, std::move(text)}; }

ProbeResult TooMuch() {
  return NoAnswer(absl::StrCat("no answer in the first ", ProbeDialogue::kMaxHeard, " bytes"));
}

// Looks for the parts of the answer in their order (envoy TcpHealthCheckMatcher).
class TcpDialogue final : public ProbeDialogue {
 public:
  explicit TcpDialogue(const HealthCheck::Tcp& check) : check_(check) {}

  std::string Request() const override { return check_.send; }

  std::optional<ProbeResult> Hear(absl::string_view bytes) override {
    heard_ += bytes.size();
    rest_.append(bytes.data(), bytes.size());
    for (; found_ < check_.receive.size(); ++found_) {
      const std::string& part = check_.receive[found_];
      const size_t at = rest_.find(part);
      if (at == std::string::npos) break;
      rest_.erase(0, at + part.size());
    }
    if (found_ == check_.receive.size()) {
      return ProbeResult{ProbeOutcome::kSuccess, heard_ == 0 ? "connected" : "expected answer"};
    }
    if (heard_ > kMaxHeard) return TooMuch();
    return std::nullopt;
  }

  ProbeResult End() const override {
    return NoAnswer(heard_ == 0 ? "closed without an answer"
                                : "closed without the expected answer");
  }

 private:
  const HealthCheck::Tcp check_;
  size_t found_ = 0;  // parts
  size_t heard_ = 0;  // bytes
  std::string rest_;  // behind the parts that were found
};

// Reads status lines, skipping interim responses; what comes behind the last one is of no matter.
class HttpDialogue final : public ProbeDialogue {
 public:
  HttpDialogue(const HealthCheck::Http& check, absl::string_view host)
      : check_(check), host_(host) {}

  std::string Request() const override {
    std::string request = absl::StrCat(check_.method, " ");
    // The control plane's text must not become another line of the request.
    for (const char c : check_.path) {
      if (IsText(c)) {
        request.push_back(c);
      } else {
        absl::StrAppend(&request, "%", absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2));
      }
    }
    absl::StrAppend(&request, " HTTP/1.1\r\nHost: ");
    std::copy_if(host_.begin(), host_.end(), std::back_inserter(request), IsText);
    for (const auto& [name, value] : check_.headers) {
      absl::StrAppend(&request, "\r\n", name, ": ", value);
    }
    if (check_.method != "GET" && check_.method != "HEAD") {
      absl::StrAppend(&request, "\r\nContent-Length: 0");
    }
    absl::StrAppend(&request, "\r\nConnection: close\r\n\r\n");
    return request;
  }

  std::optional<ProbeResult> Hear(absl::string_view bytes) override {
    heard_ += bytes.size();
    rest_.append(bytes.data(), bytes.size());
    for (;;) {
      const size_t line_end = rest_.find('\n');
      const absl::string_view line = absl::string_view(rest_).substr(0, line_end);
      if (!MayBeStatusLine(line)) return NoAnswer("the answer is not HTTP/1");
      if (line_end == std::string::npos) break;
      const std::optional<uint32_t> code = CodeOf(line);
      if (!code.has_value()) return NoAnswer("the answer is not HTTP/1");
      if (*code >= 200 || *code == 101) return Judge(*code);
      const size_t head_end = rest_.find("\r\n\r\n");
      if (head_end == std::string::npos) break;
      rest_.erase(0, head_end + 4);
    }
    if (heard_ > kMaxHeard) return TooMuch();
    return std::nullopt;
  }

  ProbeResult End() const override { return NoAnswer("closed without an answer"); }

 private:
  static constexpr absl::string_view kStart = "HTTP/1.";

  static bool IsText(char c) { return absl::ascii_isgraph(c) || (c & 0x80) != 0; }

  // Whether `line`, of which more may come, begins like one.
  static bool MayBeStatusLine(absl::string_view line) {
    const size_t common = std::min(line.size(), kStart.size());
    return line.substr(0, common) == kStart.substr(0, common);
  }

  // `HTTP/1.1 200 OK`, perhaps with a carriage return: 200.
  static std::optional<uint32_t> CodeOf(absl::string_view line) {
    const size_t at = kStart.size() + 2;
    line = absl::StripTrailingAsciiWhitespace(line);
    if (line.size() < at + 3 || !absl::ascii_isdigit(line[at - 2]) || line[at - 1] != ' ') {
      return std::nullopt;
    }
    if (line.size() > at + 3 && line[at + 3] != ' ') return std::nullopt;
    uint32_t code = 0;
    for (const char c : line.substr(at, 3)) {
      if (!absl::ascii_isdigit(c)) return std::nullopt;
      code = 10 * code + static_cast<uint32_t>(c - '0');
    }
    if (code < 100) return std::nullopt;
    return code;
  }

  ProbeResult Judge(uint32_t code) const {
    const auto is_in = [code](const HealthCheck::Ranges& ranges) {
      return std::any_of(ranges.begin(), ranges.end(), [code](const auto& range) {
        return range.first <= code && code < range.second;
      });
    };
    ProbeResult result{ProbeOutcome::kUnexpected, absl::StrCat("HTTP status ", code)};
    if (is_in(check_.expected)) {
      result.outcome = ProbeOutcome::kSuccess;
    } else if (is_in(check_.retriable)) {
      result.outcome = ProbeOutcome::kRetriable;
    }
    return result;
  }

  const HealthCheck::Http check_;
  const std::string host_;
  size_t heard_ = 0;  // bytes
  std::string rest_;  // from the last status line on
};

}  // namespace

std::unique_ptr<ProbeDialogue> NewProbeDialogue(const HealthCheck& check, absl::string_view host) {
  if (const auto* http = std::get_if<HealthCheck::Http>(&check.kind)) {
    return std::make_unique<HttpDialogue>(*http, host);
  }
  return std::make_unique<TcpDialogue>(std::get<HealthCheck::Tcp>(check.kind));
}

}  // namespace mesh::wire
