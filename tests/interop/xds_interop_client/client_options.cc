#include "tests/interop/xds_interop_client/client_options.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace mesh::interop {
namespace {

absl::Status Bad(absl::string_view argument, absl::string_view cause) {
  return absl::InvalidArgumentError(absl::StrCat("argument \"", argument, "\": ", cause));
}

bool ParseMethod(absl::string_view name, Method* method) {
  for (const Method known : {Method::kEmptyCall, Method::kUnaryCall}) {
    if (name != ToString(known)) continue;
    *method = known;
    return true;
  }
  return false;
}

absl::Status AddMetadata(absl::string_view argument, absl::string_view value, CallPlan* plan) {
  for (absl::string_view item : absl::StrSplit(value, ',', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(item, absl::MaxSplits(':', 2));
    Method method;
    if (parts.size() != 3 || !ParseMethod(parts[0], &method)) {
      return Bad(argument, "is not METHOD:key:value");
    }
    for (CallPlan::Call& call : plan->calls) {
      if (call.method == method) call.metadata.emplace_back(parts[1], parts[2]);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ClientOptions> ParseClientOptions(const std::vector<std::string>& arguments) {
  ClientOptions options;
  options.plan.calls = {{Method::kUnaryCall, {}}};
  std::string metadata_argument, metadata;
  for (const std::string& argument : arguments) {
    absl::string_view text = argument;
    if (!absl::ConsumePrefix(&text, "--") && !absl::ConsumePrefix(&text, "-")) {
      return Bad(argument, "is no flag");
    }
    const std::pair<std::string, std::string> flag = absl::StrSplit(text, absl::MaxSplits('=', 1));
    const auto& [name, value] = flag;
    int seconds = 0;
    if (name == "server") {
      options.server = value;
    } else if (name == "qps") {
      if (!absl::SimpleAtod(value, &options.qps) || !(options.qps > 0)) {
        return Bad(argument, "is no rate above 0");
      }
    } else if (name == "stats_port") {
      if (!absl::SimpleAtoi(value, &options.stats_port)) return Bad(argument, "is no port");
    } else if (name == "print_response") {
      options.print_response = value != "false";
    } else if (name == "rpc") {
      options.plan.calls.clear();
      for (absl::string_view method : absl::StrSplit(value, ',', absl::SkipEmpty())) {
        if (!ParseMethod(method, &options.plan.calls.emplace_back().method)) {
          return Bad(argument, "is neither EmptyCall nor UnaryCall");
        }
      }
    } else if (name == "metadata") {
      metadata_argument = argument;
      metadata = value;
    } else if (name == "rpc_timeout_sec") {
      if (!absl::SimpleAtoi(value, &seconds) || seconds <= 0) return Bad(argument, "is no timeout");
      options.plan.timeout = absl::Seconds(seconds);
    } else {
      return Bad(argument, "unknown flag");
    }
  }
  if (options.server.empty()) return Bad("--server", "missing");
  // Only now, since --rpc may come after it.
  if (absl::Status status = AddMetadata(metadata_argument, metadata, &options.plan); !status.ok()) {
    return status;
  }
  return options;
}

}  // namespace mesh::interop
