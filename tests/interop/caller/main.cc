// Makes scripted calls for the comparisons with other balancers, and says who answered them.
//
//   caller mesh envoy|grpc|mesh [LOCAL_CLUSTER]
//                                  on a mesh of that profile; the bootstrap is in the environment
//   caller proxy ADDRESS           through the proxy there
//
// Obeys the lines of its standard input, and answers each with one line of JSON:
//
//   settle SERVICE                         {"error":""}: every endpoint that is to be connected is
//   keys SERVICE COUNT PREFIX              calls hashed by PREFIX0, PREFIX1, ..., some at a time
//   call SERVICE COUNT DEPTH [KEY=VALUE]   plain calls, DEPTH at a time, with metadata
//
// {"servers":[..],"statuses":[..]}, in the order of the calls, is what the last two are answered
// with. A server is "" where no backend answered.

#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mesh/tools/json_text.h"
#include "tests/interop/caller/caller.h"

namespace mesh::interop {
namespace {

constexpr size_t kKeysDepth = 16;  // where a key goes does not depend on others

std::string Json(const std::vector<CallResult>& results) {
  tools::JsonText json;
  json.Open('{').Key("servers").Open('[');
  for (const CallResult& result : results) json.String(result.server);
  json.Close(']').Key("statuses").Open('[');
  for (const CallResult& result : results) json.Number(static_cast<uint64_t>(result.status));
  json.Close(']').Close('}');
  return json.text();
}

std::string Error(const std::string& text) {
  tools::JsonText json;
  json.Open('{').Key("error").String(text).Close('}');
  return json.text();
}

std::string Obey(Caller* caller, const std::string& line) {
  std::istringstream words(line);
  std::string what, service;
  size_t count = 0;
  words >> what >> service;
  if (what == "settle" && words) return Error(caller->Settle(service));
  if (what == "keys") {
    std::string prefix;
    if (!(words >> count >> prefix)) return Error("keys: not SERVICE COUNT PREFIX");
    std::vector<CallScript> scripts(count);
    for (size_t i = 0; i < count; ++i) {
      scripts[i].hashed = true;
      scripts[i].key = absl::StrCat(prefix, i);
    }
    return Json(caller->Call(service, scripts, kKeysDepth));
  }
  if (what == "call") {
    size_t depth = 0;
    if (!(words >> count >> depth) || depth == 0) return Error("call: not SERVICE COUNT DEPTH");
    CallScript script;
    for (std::string word; words >> word;) {
      const size_t equals = word.find('=');
      if (equals == std::string::npos) return Error(absl::StrCat("call: not KEY=VALUE: ", word));
      script.metadata.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
    return Json(caller->Call(service, std::vector<CallScript>(count, script), depth));
  }
  return Error(absl::StrCat("not a command: ", line));
}

std::unique_ptr<Caller> MakeCaller(const std::string& kind, const std::string& argument,
                                   const std::string& local_cluster) {
  if (kind == "proxy") return Caller::ThroughProxy(argument);
  Profile profile = Profile::kMesh;
  if (argument == "envoy") {
    profile = Profile::kEnvoy;
  } else if (argument == "grpc") {
    profile = Profile::kGrpc;
  } else if (argument != "mesh") {
    std::cerr << "caller: not a profile: " << argument << "\n";
    return nullptr;
  }
  absl::StatusOr<std::unique_ptr<Caller>> caller = Caller::OnMesh(profile, local_cluster);
  if (!caller.ok()) {
    std::cerr << "caller: " << caller.status().message() << "\n";
    return nullptr;
  }
  return *std::move(caller);
}

}  // namespace
}  // namespace mesh::interop

int main(int argc, char** argv) {
  const std::string kind = argc == 3 || argc == 4 ? argv[1] : "";
  if (kind != "mesh" && kind != "proxy") {
    std::cerr << "usage: caller mesh envoy|grpc|mesh [LOCAL_CLUSTER], or caller proxy ADDRESS\n";
    return 2;
  }
  const std::unique_ptr<mesh::interop::Caller> caller =
      mesh::interop::MakeCaller(kind, argv[2], argc == 4 ? argv[3] : "");
  if (caller == nullptr) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    std::printf("%s\n", mesh::interop::Obey(caller.get(), line).c_str());
    std::fflush(stdout);
  }
}
