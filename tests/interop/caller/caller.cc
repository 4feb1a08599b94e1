#include "tests/interop/caller/caller.h"

#include <chrono>
#include <future>
#include <optional>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/byte_buffer.h"
#include "mesh/base/hash64.h"

namespace mesh::interop {
namespace {

constexpr char kMethod[] = "/interop.Test/Call";
constexpr char kKey[] = "key";
constexpr char kServedBy[] = "served-by";
constexpr absl::Duration kSettle = absl::Seconds(10);
constexpr std::chrono::seconds kDeadline{10};

struct OneCall {
  size_t index = 0;
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
};

// With the headers, or with the trailers where there is nothing but these.
std::string ServerOf(const grpc::ClientContext& context) {
  for (const auto* metadata :
       {&context.GetServerInitialMetadata(), &context.GetServerTrailingMetadata()}) {
    const auto found = metadata->find(kServedBy);
    if (found != metadata->end()) {
      return std::string(found->second.data(), found->second.size());
    }
  }
  return "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<Caller>> Caller::OnMesh(Profile profile,
                                                       const std::string& local_cluster) {
  Options options = Options::FromEnvironment();
  options.profile = profile;
  options.local_cluster = local_cluster;
  absl::StatusOr<std::unique_ptr<Mesh>> mesh = Mesh::Create(std::move(options));
  if (!mesh.ok()) return mesh.status();
  auto caller = absl::WrapUnique(new Caller);
  caller->mesh_ = *std::move(mesh);
  return caller;
}

std::unique_ptr<Caller> Caller::ThroughProxy(const std::string& address) {
  auto caller = absl::WrapUnique(new Caller);
  caller->proxy_ = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  return caller;
}

grpc::GenericStub* Caller::StubOf(const std::string& service) {
  std::unique_ptr<grpc::GenericStub>& stub = stubs_[service];
  if (stub == nullptr) {
    stub = std::make_unique<grpc::GenericStub>(
        mesh_ == nullptr ? proxy_ : mesh_->Channel(absl::StrCat("xds:///", service)));
  }
  return stub.get();
}

std::string Caller::Settle(const std::string& service) {
  if (mesh_ == nullptr) return "";
  StubOf(service);
  std::promise<std::string> told;
  mesh_->Explain(absl::StrCat("xds:///", service), {kMethod, {}}, kSettle,
                 [&told](const Explanation& explanation) {
                   std::string problem = explanation.reason;
                   if (problem.empty() && !explanation.settled) problem = "it does not settle";
                   told.set_value(std::move(problem));
                 });
  return told.get_future().get();
}

std::vector<CallResult> Caller::Call(const std::string& service,
                                     const std::vector<CallScript>& scripts, size_t depth) {
  grpc::GenericStub* stub = StubOf(service);
  std::vector<CallResult> results(scripts.size());
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::CompletionQueue queue;
  size_t started = 0;
  size_t ended = 0;
  const auto start = [&] {
    const CallScript& script = scripts[started];
    auto* call = new OneCall;  // owned by the queue until it comes back
    call->index = started++;
    call->context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    for (const auto& [key, value] : script.metadata) call->context.AddMetadata(key, value);
    std::optional<CallHash> hash;
    if (mesh_ == nullptr) {
      call->context.set_authority(service);
      if (script.hashed) call->context.AddMetadata(kKey, script.key);
    } else if (script.hashed) {
      hash.emplace(Hash64(script.key));
    }
    call->reader = stub->PrepareUnaryCall(&call->context, kMethod, request, &queue);
    call->reader->StartCall();
    call->reader->Finish(&call->response, &call->status, call);
  };
  while (ended < scripts.size()) {
    while (started < scripts.size() && started - ended < depth) start();
    void* tag = nullptr;
    bool ok = false;
    if (!queue.Next(&tag, &ok)) break;
    const std::unique_ptr<OneCall> call(static_cast<OneCall*>(tag));
    results[call->index] = {call->status.error_code(), ServerOf(call->context)};
    ++ended;
  }
  queue.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) {
  }
  return results;
}

}  // namespace mesh::interop
