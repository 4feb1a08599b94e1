#include "tests/testing/ads_server.h"

#include <chrono>
#include <deque>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/impl/codegen/method_handler.h"
#include "grpcpp/impl/codegen/rpc_service_method.h"
#include "grpcpp/impl/codegen/service_type.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/sync_stream.h"
#include "mesh/base/clock.h"
#include "mesh/wire/byte_buffer.h"
#include "mesh/xds/proto/discovery.pb.h"

namespace mesh::testing {
namespace {

using ByteStream = grpc::ServerReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;

constexpr char kMethod[] =
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

// The types of which a client may ask for all there are.
bool IsWildcardType(absl::string_view type_url) {
  return absl::EndsWith(type_url, "/envoy.config.listener.v3.Listener") ||
         absl::EndsWith(type_url, "/envoy.config.cluster.v3.Cluster");
}

}  // namespace

// One client's stream. Responses leave on a thread of its own, so that a client that does not
// read holds nobody else up. The subscriptions are guarded by the server's mutex.
class AdsServer::Stream {
 public:
  struct Subscription {
    std::vector<std::string> names;
    bool wildcard = false;
    std::string nonce;
  };

  Stream(grpc::ServerContext* context, ByteStream* stream)
      : context_(context), stream_(stream), writer_([this] { WriteAll(); }) {}
  // Writes what is left first.
  ~Stream() {
    {
      MutexLock lock(&mutex_);
      ending_ = true;
      changed_.SignalAll();
    }
    writer_.join();
  }

  bool Read(std::string* message) {
    grpc::ByteBuffer buffer;
    if (!stream_->Read(&buffer)) return false;
    *message = wire::ToBytes(buffer);
    return true;
  }

  void Send(std::string message) {
    MutexLock lock(&mutex_);
    unsent_.push_back(std::move(message));
    changed_.SignalAll();
  }

  void Cancel() { context_->TryCancel(); }

  int number = 0;
  std::map<std::string, Subscription> subscriptions;

 private:
  void WriteAll() {
    for (;;) {
      std::string message;
      {
        MutexLock lock(&mutex_);
        while (unsent_.empty() && !ending_) changed_.Wait(&mutex_);
        if (unsent_.empty()) return;
        message = std::move(unsent_.front());
        unsent_.pop_front();
      }
      if (!stream_->Write(wire::ToByteBuffer(std::move(message)))) return;
    }
  }

  grpc::ServerContext* const context_;
  ByteStream* const stream_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::string> unsent_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread writer_;
};

// The service as generated code would register it, but with bytes for messages.
class AdsServer::Service final : public grpc::Service {
 public:
  explicit Service(AdsServer* server) {
    AddMethod(new grpc::internal::RpcServiceMethod(
        kMethod, grpc::internal::RpcMethod::BIDI_STREAMING,
        new grpc::internal::BidiStreamingHandler<Service, grpc::ByteBuffer, grpc::ByteBuffer>(
            [server](Service*, grpc::ServerContext* context, ByteStream* bytes) {
              Stream stream(context, bytes);
              return server->Serve(&stream);
            },
            this)));
  }
};

AdsServer::AdsServer(const std::string& address,
                     std::shared_ptr<grpc::ServerCredentials> credentials)
    : credentials_(credentials != nullptr ? std::move(credentials)
                                          : grpc::InsecureServerCredentials()),
      address_(address) {
  if (!Start()) address_.clear();
}

AdsServer::~AdsServer() { Stop(); }

void AdsServer::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
  service_.reset();
}

bool AdsServer::Start() {
  service_ = std::make_unique<Service>(this);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address_, credentials_, &port);
  builder.SetMaxReceiveMessageSize(-1);
  builder.RegisterService(service_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) return false;
  if (!absl::StartsWith(address_, "unix:")) {
    address_ = absl::StrCat(address_.substr(0, address_.rfind(':')), ":", port);
  }
  return true;
}

void AdsServer::Set(absl::string_view type_url, absl::string_view name, std::string bytes) {
  MutexLock lock(&mutex_);
  types_[std::string(type_url)].resources[std::string(name)] = std::move(bytes);
}

void AdsServer::Remove(absl::string_view type_url, absl::string_view name) {
  MutexLock lock(&mutex_);
  types_[std::string(type_url)].resources.erase(std::string(name));
}

void AdsServer::Push(absl::string_view type_url) {
  MutexLock lock(&mutex_);
  const std::string type(type_url);
  ++types_[type].version;
  for (Stream* stream : open_) {
    if (stream->subscriptions.count(type) > 0) Respond(stream, type);
  }
}

void AdsServer::set_mute(bool mute) {
  MutexLock lock(&mutex_);
  mute_ = mute;
}

void AdsServer::set_resend_on_nack(bool resend) {
  MutexLock lock(&mutex_);
  resend_on_nack_ = resend;
}

void AdsServer::CloseStreamsAfter(int responses, grpc::Status status) {
  MutexLock lock(&mutex_);
  close_after_ = responses;
  close_status_ = std::move(status);
}

void AdsServer::set_close_streams_at_once(bool close) {
  MutexLock lock(&mutex_);
  close_at_once_ = close;
}

void AdsServer::ForgetRequests() {
  MutexLock lock(&mutex_);
  requests_.clear();
  requests_.shrink_to_fit();
}

void AdsServer::CancelStreams() {
  MutexLock lock(&mutex_);
  for (Stream* stream : open_) stream->Cancel();
}

void AdsServer::SendRaw(const std::string& message) {
  MutexLock lock(&mutex_);
  for (Stream* stream : open_) stream->Send(message);
}

int AdsServer::streams() const {
  MutexLock lock(&mutex_);
  return streams_;
}

int AdsServer::open_streams() const {
  MutexLock lock(&mutex_);
  return static_cast<int>(open_.size());
}

std::vector<AdsServer::Request> AdsServer::requests() const {
  MutexLock lock(&mutex_);
  return requests_;
}

bool AdsServer::WaitForRequests(const std::function<bool(const std::vector<Request>&)>& condition,
                                absl::Duration timeout) const {
  const SteadyClock clock;
  const absl::Time deadline = clock.Now() + timeout;
  MutexLock lock(&mutex_);
  while (!condition(requests_)) {
    const absl::Duration left = deadline - clock.Now();
    if (left <= absl::ZeroDuration()) return false;
    changed_.WaitFor(&mutex_, left);
  }
  return true;
}

grpc::Status AdsServer::Serve(Stream* stream) {
  {
    MutexLock lock(&mutex_);
    stream->number = ++streams_;
    open_.insert(stream);
  }
  grpc::Status status;
  int responses = 0;
  for (std::string message; stream->Read(&message);) {
    if (OnRequest(stream, message)) ++responses;
    MutexLock lock(&mutex_);
    if (close_at_once_) break;
    if (close_after_ > 0 && responses >= close_after_) {
      status = close_status_;
      break;
    }
  }
  MutexLock lock(&mutex_);
  open_.erase(stream);
  return status;
}

bool AdsServer::OnRequest(Stream* stream, const std::string& message) {
  xds::discovery::DiscoveryRequest request;
  const bool parsed = request.ParseFromString(message);
  Request record;
  record.stream = stream->number;
  record.type_url = request.type_url();
  record.version = request.version_info();
  record.nonce = request.response_nonce();
  record.names.assign(request.resource_names().begin(), request.resource_names().end());
  record.error = parsed ? request.error_detail().message() : "the request cannot be parsed";
  record.node_id = request.node().id();
  record.user_agent = request.node().user_agent_name();
  record.client_features.assign(request.node().client_features().begin(),
                                request.node().client_features().end());
  const std::string type = record.type_url;
  const std::vector<std::string> names = record.names;

  MutexLock lock(&mutex_);
  requests_.push_back(std::move(record));
  changed_.SignalAll();
  const bool first = stream->subscriptions.count(type) == 0;
  Stream::Subscription& subscription = stream->subscriptions[type];
  if (request.response_nonce() != subscription.nonce) return false;  // not about what is current
  if (first) subscription.wildcard = names.empty() && IsWildcardType(type);
  if (!names.empty()) subscription.wildcard = false;
  const bool changed = first || names != subscription.names;
  subscription.names = names;
  if (mute_) return false;
  if (changed || (resend_on_nack_ && request.has_error_detail())) return Respond(stream, type);
  return false;
}

bool AdsServer::Respond(Stream* stream, const std::string& type_url) {
  const Type& type = types_[type_url];
  Stream::Subscription& subscription = stream->subscriptions[type_url];
  xds::discovery::DiscoveryResponse response;
  const auto add = [&](const std::string& bytes) {
    google::protobuf::Any* any = response.add_resources();
    any->set_type_url(type_url);
    any->set_value(bytes);
  };
  if (subscription.wildcard) {
    for (const auto& [name, bytes] : type.resources) add(bytes);
  }
  for (const std::string& name : subscription.names) {
    const auto found = type.resources.find(name);
    if (found != type.resources.end()) add(found->second);
  }
  if (response.resources().empty() && !IsWildcardType(type_url)) return false;
  subscription.nonce = absl::StrCat("n", ++last_nonce_);
  response.set_version_info(absl::StrCat(type.version));
  response.set_nonce(subscription.nonce);
  response.set_type_url(type_url);
  response.mutable_control_plane()->set_identifier("mesh-ads-server");
  stream->Send(response.SerializeAsString());
  return true;
}

}  // namespace mesh::testing
