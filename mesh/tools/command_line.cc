#include "mesh/tools/command_line.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace mesh::tools {
namespace {

absl::Status Bad(absl::string_view argument, absl::string_view cause) {
  return absl::InvalidArgumentError(absl::StrCat("argument \"", argument, "\": ", cause));
}

// `2s`, `500ms`, or a number of seconds.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view flag, absl::string_view text) {
  absl::Duration duration;
  double seconds = 0;
  if (absl::SimpleAtod(text, &seconds)) {
    duration = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(text, &duration)) {
    return Bad(flag, absl::StrCat("\"", text, "\" is no duration such as 2s or 500ms"));
  }
  if (duration <= absl::ZeroDuration()) return Bad(flag, "must be above 0");
  return duration;
}

absl::StatusOr<std::string> ParseHex(absl::string_view text) {
  if (text.size() % 2 != 0) return Bad("--data-hex", "has an odd number of digits");
  for (char c : text) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) {
      return Bad("--data-hex", absl::StrCat("\"", std::string(1, c), "\" is no hexadecimal digit"));
    }
  }
  return absl::HexStringToBytes(text);
}

absl::StatusOr<std::pair<std::string, std::string>> ParseHeader(absl::string_view text) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos || colon == 0) {
    return Bad("-H", absl::StrCat("\"", text, "\" is not key:value"));
  }
  std::string key = absl::AsciiStrToLower(absl::StripAsciiWhitespace(text.substr(0, colon)));
  for (char c : key) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') {
      return Bad("-H", absl::StrCat("\"", key, "\" is no metadata key"));
    }
  }
  return std::make_pair(std::move(key),
                        std::string(absl::StripAsciiWhitespace(text.substr(colon + 1))));
}

absl::StatusOr<Profile> ParseProfile(absl::string_view text) {
  if (text == "mesh") return Profile::kMesh;
  if (text == "envoy") return Profile::kEnvoy;
  if (text == "grpc") return Profile::kGrpc;
  return Bad("--profile", absl::StrCat("\"", text, "\" is not mesh, envoy or grpc"));
}

// Walks the arguments once, and fills a command line from them.
class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  absl::StatusOr<CommandLine> Run() {
    if (arguments_.empty()) return Bad("", "no command; try `meshctl help`");
    const std::string& command = arguments_[next_++];
    if (command == "help" || command == "--help" || command == "-h") return line_;
    if (command == "call") {
      line_.command = CommandLine::Command::kCall;
    } else if (command == "watch") {
      line_.command = CommandLine::Command::kWatch;
    } else if (command == "explain") {
      line_.command = CommandLine::Command::kExplain;
    } else {
      return Bad(command, "unknown command; known are call, watch, explain and help");
    }
    while (next_ < arguments_.size()) {
      if (absl::Status status = ParseOne(); !status.ok()) return status;
    }
    return Finish();
  }

 private:
  bool is_call() const { return line_.command == CommandLine::Command::kCall; }
  bool is_watch() const { return line_.command == CommandLine::Command::kWatch; }
  bool is_explain() const { return line_.command == CommandLine::Command::kExplain; }

  absl::Status ParseOne() {
    std::string flag = arguments_[next_++];
    if (!absl::StartsWith(flag, "-") || flag == "-") {
      positional_.push_back(std::move(flag));
      return absl::OkStatus();
    }
    attached_.reset();
    const size_t equals = flag.find('=');
    if (absl::StartsWith(flag, "--") && equals != std::string::npos) {
      attached_ = flag.substr(equals + 1);
      flag.resize(equals);
    }
    if (flag == "--json") {
      line_.json = true;
    } else if (flag == "--wait-for-ready" && is_call()) {
      line_.wait_for_ready = true;
    } else {
      return ParseWithValue(flag);
    }
    return attached_.has_value() ? Bad(flag, "takes no value") : absl::OkStatus();
  }

  absl::Status ParseWithValue(const std::string& flag) {
    const bool known =
        flag == "--bootstrap" || flag == "--local-cluster" || flag == "--profile" ||
        (is_call() && (flag == "--data-hex" || flag == "--count" || flag == "--concurrency" ||
                       flag == "--qps" || flag == "--deadline" || flag == "--hash")) ||
        (!is_watch() && flag == "-H") || (is_watch() && flag == "--for") ||
        (is_explain() && flag == "--wait");
    if (!known) return Bad(flag, "unknown flag; try `meshctl help`");
    std::string value;
    if (attached_.has_value()) {
      value = *attached_;
    } else if (next_ < arguments_.size()) {
      value = arguments_[next_++];
    } else {
      return Bad(flag, "needs a value");
    }
    if (flag == "--bootstrap") {
      line_.bootstrap_path = value;
    } else if (flag == "--local-cluster") {
      line_.local_cluster = value;
    } else if (flag == "--profile") {
      return Assign(ParseProfile(value), &line_.profile);
    } else if (flag == "--data-hex") {
      return Assign(ParseHex(value), &line_.data);
    } else if (flag == "--deadline") {
      return Assign(ParseDuration(flag, value), &line_.deadline);
    } else if (flag == "--for") {
      return Assign(ParseDuration(flag, value), &line_.watch_for);
    } else if (flag == "--wait") {
      return Assign(ParseDuration(flag, value), &line_.explain_wait);
    } else if (flag == "-H") {
      line_.metadata.emplace_back();
      return Assign(ParseHeader(value), &line_.metadata.back());
    } else if (flag == "--count") {
      if (!absl::SimpleAtoi(value, &line_.count) || line_.count == 0) {
        return Bad(flag, absl::StrCat("\"", value, "\" is no number above 0"));
      }
    } else if (flag == "--hash") {
      if (!absl::SimpleAtoi(value, &line_.hash.emplace())) {
        return Bad(flag, absl::StrCat("\"", value, "\" is no number of 64 bits"));
      }
    } else if (flag == "--concurrency") {
      if (!absl::SimpleAtoi(value, &line_.concurrency) || line_.concurrency == 0) {
        return Bad(flag, absl::StrCat("\"", value, "\" is no number above 0"));
      }
    } else {
      if (!absl::SimpleAtod(value, &line_.qps) || !(line_.qps > 0) || line_.qps > 1e6) {
        return Bad(flag, absl::StrCat("\"", value, "\" is no rate between 0 and 1000000"));
      }
    }
    return absl::OkStatus();
  }

  template <typename T>
  static absl::Status Assign(absl::StatusOr<T> from, T* to) {
    if (!from.ok()) return from.status();
    *to = *std::move(from);
    return absl::OkStatus();
  }

  absl::StatusOr<CommandLine> Finish() {
    const size_t wanted = is_watch() ? 1 : 2;
    if (positional_.empty()) return Bad("TARGET", "missing");
    if (positional_.size() < wanted) return Bad("METHOD", "missing");
    if (positional_.size() > wanted) return Bad(positional_[wanted], "one argument too many");
    line_.target = positional_[0];
    if (is_watch()) return line_;
    line_.method = positional_[1];
    if (!absl::StartsWith(line_.method, "/")) line_.method.insert(0, "/");
    if (line_.method.find('/', 1) == std::string::npos) {
      return Bad(positional_[1], "is not /package.Service/Method");
    }
    return line_;
  }

  const std::vector<std::string>& arguments_;
  size_t next_ = 0;
  CommandLine line_;
  std::vector<std::string> positional_;
  std::optional<std::string> attached_;  // the value of `--flag=value`
};

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments) {
  return Parser(arguments).Run();
}

absl::string_view Usage() {
  return R"(meshctl: makes calls through a mesh, and shows what it knows.

  meshctl call TARGET /package.Service/Method   raw unary calls, then a summary
    --data-hex H        the request's bytes (an empty message)
    -H key:value        metadata; may be repeated
    --count N           how many calls (1)
    --concurrency C     calls in flight at a time (1)
    --qps Q             an open load of Q calls a second: a slow answer delays nobody else
    --deadline D        of each call, such as 2s or 500ms (10s)
    --wait-for-ready    calls wait for a connection instead of failing
    --hash N            what ring hash and Maglev balance the calls by, 64 bits (at random)
  meshctl explain TARGET /package.Service/Method   what would become of such a call, and why
    -H key:value        metadata; may be repeated
    --wait D            how long for resources and connections (20s)
  meshctl watch TARGET                          what the mesh knows of a target, and each change
    --for D             stop after D (never)

  --bootstrap F         xDS bootstrap file (GRPC_XDS_BOOTSTRAP, GRPC_XDS_BOOTSTRAP_CONFIG)
  --local-cluster C     the cluster that this process is one of, for zone-aware routing (none)
  --profile P           mesh, envoy or grpc: whose rules count where they disagree (mesh)
  --json                one JSON object a line

Targets: xds:///name, dns:///host:port, static:///a:1,b:2.
Exit code: 0 when all went well, 1 when a call failed or the explained one would not be given to an
endpoint, 2 when the arguments are wrong.
)";
}

}  // namespace mesh::tools
