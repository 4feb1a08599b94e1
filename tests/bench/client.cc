// The client side of the benchmarks: one channel, of one kind, in a process of its own, so that
// what one kind of client does in the background is not charged to another.
//
//   client grpc|grpc-noretry|grpc-intercepted|mesh TARGET [COMMAND WORD...]
//
// `grpc` and `mesh` take the bootstrap from the environment where TARGET begins with `xds:`.
// Obeys the command, or else the lines of its standard input, and answers each with one line of
// JSON. Times are nanoseconds.
//
//   sync N | async N DEPTH | callback N | rate R N    unary calls: p50, p99, elapsed, failed
//   stream N              N messages of one stream, each answered before the next: the same
//   call                  one call that waits for readiness: began, ended, server
//   call-at TIME          the same, at a time of the steady clock
//   begin | end           the same, in the background: end waits for it
//   begin-all N | end     N unary calls at a time, in the background: as `async`
//   fresh                 the same as `call`, on a new channel: began is when it was made
//   crowd STYLE N MS      N callers for so long, `sync` or `callback`; each call with a deadline of
//                         a second: [began, took, 1 or 0 if it failed] of each
//   follow SERVER MS      calls for so long: when those began that SERVER answered
//   watch N               mesh: waits, without a call, until N endpoints are known
//   cost                  processor time so far
//   resident              bytes that the process occupies
//   allocated             bytes allocated now; walks the heap, so it costs
//   hash-pass N           processor time of hashing each of N endpoints' bytes

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/client_interceptor.h"
#include "mesh/mesh.h"
#include "tests/bench/call_loops.h"
#include "tests/bench/process_cost.h"
#include "tests/testing/echo.grpc.pb.h"

namespace mesh::bench {
namespace {

using InterceptorFactory = grpc::experimental::ClientInterceptorFactoryInterface;

// Does nothing: what it costs is what gRPC's interception costs.
class IdleInterceptor final : public grpc::experimental::Interceptor {
 public:
  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    // What holds of a call's cancellation holds of no batch: it does not proceed.
    if (batch->QueryInterceptionHookPoint(
            grpc::experimental::InterceptionHookPoints::PRE_SEND_CANCEL)) {
      return;
    }
    batch->Proceed();
  }
};

class IdleFactory final : public InterceptorFactory {
 public:
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new IdleInterceptor;
  }
};

std::string Json(Latencies latencies) {
  auto& all = latencies.nanoseconds;
  std::sort(all.begin(), all.end());
  const auto quantile = [&](double q) {
    return all.empty() ? 0 : all[static_cast<size_t>(q * static_cast<double>(all.size() - 1))];
  };
  return absl::StrCat("{\"calls\":", all.size(), ",\"failed\":", latencies.failed,
                      ",\"elapsed\":", latencies.elapsed, ",\"p50\":", quantile(0.5),
                      ",\"p99\":", quantile(0.99), "}");
}

std::string Json(const std::vector<Outcome>& outcomes) {
  const auto append = [](std::string* out, const Outcome& outcome) {
    absl::StrAppend(out, "[", outcome.began, ",", outcome.took, ",", outcome.ok ? 1 : 0, "]");
  };
  return absl::StrCat("{\"calls\":[", absl::StrJoin(outcomes, ",", append), "]}");
}

std::string Json(const OneCall& call) {
  const std::string server = absl::StrReplaceAll(call.server, {{"\\", "\\\\"}, {"\"", "\\\""}});
  return absl::StrCat("{\"began\":", call.began, ",\"ended\":", call.ended, ",\"server\":\"",
                      server, "\"}");
}

size_t CountEndpoints(const Snapshot& snapshot) {
  size_t count = 0;
  for (const auto& cluster : snapshot.clusters) {
    for (const auto& locality : cluster.localities) count += locality.endpoints.size();
  }
  return count;
}

class Client {
 public:
  Client(std::string kind, std::string target) : kind_(std::move(kind)), target_(target) {
    if (kind_ == "mesh") {
      auto made = Mesh::Create(Options::FromEnvironment());
      if (!made.ok()) {
        error_ = std::string(made.status().message());
        return;
      }
      mesh_ = std::move(*made);
    }
    stub_ = testing::Echo::NewStub(NewChannel());
  }
  ~Client() {
    if (background_.joinable()) background_.join();
    stub_.reset();
  }

  const std::string& error() const { return error_; }

  std::string Obey(const std::string& line) {
    std::istringstream words(line);
    std::string what, server;
    int64_t n = 0, m = 0;
    words >> what;
    if (what == "sync" && words >> n) return Json(CallSync(stub_.get(), n));
    if (what == "async" && words >> n >> m) return Json(CallAsync(stub_.get(), n, m));
    if (what == "callback" && words >> n) return Json(CallCallback(stub_.get(), n));
    if (what == "stream" && words >> n) return Json(PingPong(stub_.get(), n));
    if (what == "rate" && words >> n >> m) return Json(CallAtRate(stub_.get(), n, m));
    if (what == "call") return Json(CallOnce(stub_.get()));
    if (what == "call-at" && words >> n) {
      std::this_thread::sleep_for(std::chrono::nanoseconds(n - Now()));
      return Json(CallOnce(stub_.get()));
    }
    if (what == "begin") {
      background_ = std::thread([this] { background_answer_ = Json(CallOnce(stub_.get())); });
      return "{}";
    }
    if (what == "begin-all" && words >> n) {
      background_ =
          std::thread([this, n] { background_answer_ = Json(CallAsync(stub_.get(), n, n)); });
      return "{}";
    }
    if (what == "end" && background_.joinable()) {
      background_.join();
      return background_answer_;
    }
    if (what == "fresh") {
      const int64_t began = Now();
      const auto stub = testing::Echo::NewStub(NewChannel());
      OneCall call = CallOnce(stub.get());
      call.began = began;
      return Json(call);
    }
    if (what == "follow" && words >> server >> n) {
      const auto begins = BeginsAnsweredBy(stub_.get(), server, std::chrono::milliseconds(n));
      return absl::StrCat("{\"begins\":[", absl::StrJoin(begins, ","), "]}");
    }
    if (what == "crowd" && words >> server >> n >> m) {
      Crowd crowd;
      crowd.callers = static_cast<int>(n);
      crowd.callback = server == "callback";
      crowd.duration = std::chrono::milliseconds(m);
      return Json(CallInACrowd(stub_.get(), crowd));
    }
    if (what == "watch" && words >> n && mesh_ != nullptr) return Watch(n);
    if (what == "cost") return absl::StrCat("{\"cpu\":", ProcessorTime(), "}");
    if (what == "resident") return absl::StrCat("{\"resident\":", ResidentBytes(), "}");
    if (what == "allocated") return absl::StrCat("{\"allocated\":", AllocatedBytes(), "}");
    if (what == "hash-pass" && words >> n) {
      return absl::StrCat("{\"cpu\":", mesh::bench::HashPassTime(n), "}");
    }
    return absl::StrCat("{\"error\":\"not a command: ", line, "\"}");
  }

 private:
  std::shared_ptr<grpc::ChannelInterface> NewChannel() {
    if (mesh_ != nullptr) return mesh_->Channel(target_);
    grpc::ChannelArguments arguments;
    // `fresh` must not find the connection of another channel.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    if (kind_ != "grpc") arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    std::vector<std::unique_ptr<InterceptorFactory>> interceptors;
    if (kind_ == "grpc-intercepted") interceptors.push_back(std::make_unique<IdleFactory>());
    return grpc::experimental::CreateCustomChannelWithInterceptors(
        target_, grpc::InsecureChannelCredentials(), arguments, std::move(interceptors));
  }

  std::string Watch(size_t endpoints) {
    std::mutex mutex;
    std::condition_variable changed;
    bool known = false;
    const auto observation = mesh_->Watch(target_, [&](const Snapshot& snapshot) {
      if (CountEndpoints(snapshot) < endpoints) return;
      std::lock_guard<std::mutex> lock(mutex);
      known = true;
      changed.notify_one();
    });
    std::unique_lock<std::mutex> lock(mutex);
    const bool came = changed.wait_for(lock, std::chrono::minutes(1), [&] { return known; });
    return absl::StrCat("{\"known\":", came ? "true" : "false", "}");
  }

  const std::string kind_;
  const std::string target_;
  std::string error_;
  std::unique_ptr<Mesh> mesh_;
  std::unique_ptr<Stub> stub_;
  std::thread background_;
  std::string background_answer_;
};

}  // namespace
}  // namespace mesh::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr,
                 "usage: client grpc|grpc-noretry|grpc-intercepted|mesh TARGET "
                 "[COMMAND WORD...]\n");
    return 2;
  }
  mesh::bench::Client client(argv[1], argv[2]);
  if (!client.error().empty()) {
    std::fprintf(stderr, "%s\n", client.error().c_str());
    return 1;
  }
  if (argc > 3) {
    std::printf("%s\n", client.Obey(absl::StrJoin(argv + 3, argv + argc, " ")).c_str());
    return 0;
  }
  for (std::string line; std::getline(std::cin, line);) {
    std::printf("%s\n", client.Obey(line).c_str());
    std::fflush(stdout);
  }
}
