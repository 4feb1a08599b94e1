#include "tests/simulation/control_plane.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/testing/service_resources.h"

namespace mesh::simulation {
namespace {

absl::string_view ShortName(absl::string_view type_url) {
  return type_url.substr(type_url.rfind('.') + 1);
}

}  // namespace

ControlPlane::ControlPlane(Executor* executor, Serializer* serializer, Trace* trace, Dice* dice)
    : executor_(executor), serializer_(serializer), trace_(trace), dice_(dice) {
  transports_.set_on_open([this](const auto& stream) { OnOpen(stream); });
}

ControlPlane::~ControlPlane() {
  for (const SessionPtr& session : sessions_) session->stream->set_on_client(nullptr);
}

void ControlPlane::After(absl::Duration delay, std::function<void()> task) {
  executor_->PostAfter(delay, [alive = std::weak_ptr<bool>(alive_), task = std::move(task)] {
    if (!alive.expired()) task();
  });
}

absl::Duration ControlPlane::Latency() { return dice_->Between(absl::Milliseconds(1), latency_); }

void ControlPlane::Set(const std::string& type_url, const std::string& name, std::string bytes) {
  SetQuietly(type_url, name, std::move(bytes));
  PushSoon(type_url);
}

void ControlPlane::SetQuietly(const std::string& type_url, const std::string& name,
                              std::string bytes) {
  resources_[type_url][name] = std::move(bytes);
  ++versions_[type_url];
}

void ControlPlane::Remove(const std::string& type_url, const std::string& name) {
  if (resources_[type_url].erase(name) == 0) return;
  ++versions_[type_url];
  PushSoon(type_url);
}

void ControlPlane::PushSoon(const std::string& type_url, absl::Duration at_least) {
  if (loses_pushes_) return;
  const absl::Duration delay = at_least + dice_->Between(absl::ZeroDuration(), 2 * latency_);
  After(delay, [this, type_url] { Push(type_url); });
}

void ControlPlane::PushAll() {
  for (const auto& entry : versions_) PushSoon(entry.first);
}

void ControlPlane::Push(const std::string& type_url) {
  if (!up_ || hangs_) return;
  const std::vector<SessionPtr> sessions = sessions_;
  for (const SessionPtr& session : sessions) {
    if (session->types[type_url].requested) Respond(session, type_url);
  }
}

void ControlPlane::Kill() {
  trace_->Note("control plane dies");
  up_ = false;
  CloseStreams(absl::UnavailableError("connection reset"));
}

void ControlPlane::Start() {
  trace_->Note("control plane starts");
  up_ = true;
}

void ControlPlane::Hang() {
  trace_->Note("control plane hangs");
  hangs_ = true;
  for (const SessionPtr& session : sessions_) {
    session->outbox.clear();
    OnClient(session);
  }
}

void ControlPlane::Resume() {
  trace_->Note("control plane resumes");
  hangs_ = false;
  for (const SessionPtr& session : sessions_) {
    session->silent = false;
    OnClient(session);
  }
}

void ControlPlane::CloseStreams(const absl::Status& status) {
  for (const SessionPtr& session : sessions_) CloseSoon(session, status, Latency());
}

void ControlPlane::Calm() {
  trace_->Note("control plane is calm");
  closes_at_once_ = resends_on_nack_ = false;
  latency_ = absl::Milliseconds(20);
  if (!up_) Start();
  if (hangs_) Resume();
  PushAll();
}

size_t ControlPlane::open_streams() const {
  size_t open = 0;
  for (const SessionPtr& session : sessions_) open += session->stream->open() ? 1 : 0;
  return open;
}

size_t ControlPlane::queued() const {
  size_t queued = 0;
  for (const SessionPtr& session : sessions_) queued += session->outbox.size();
  return queued;
}

void ControlPlane::OnOpen(const std::shared_ptr<testing::FakeAdsStream>& stream) {
  auto session = std::make_shared<Session>();
  session->id = ++last_session_;
  session->stream = stream;
  sessions_.push_back(session);
  opened_.push_back(trace_->now());
  first_requests_.clear();
  trace_->Note("stream ", session->id, " opens");
  stream->set_on_client([this, weak = std::weak_ptr<Session>(session)] {
    if (const SessionPtr session = weak.lock()) OnClient(session);
  });
}

void ControlPlane::OnClient(const SessionPtr& session) {
  if (!session->outbox.empty()) DeliverSoon(session);
  if (session->receives) return;
  session->receives = true;
  After(Latency(), [this, session] {
    session->receives = false;
    Receive(session);
  });
}

void ControlPlane::Receive(const SessionPtr& session) {
  testing::FakeAdsStream& stream = *session->stream;
  if (stream.misused()) misuse_ = "a Read() before the last was answered";
  if (!stream.open()) {
    Forget(session);
    return;
  }
  if (!up_) {
    CloseSoon(session, absl::UnavailableError("connection refused"), absl::ZeroDuration());
    return;
  }
  serializer_->Post([session] { session->stream->ConfirmSent(); });
  if (hangs_) {
    if (session->silent) return;
    session->silent = true;
    After(kKeepalive, [this, session] {
      if (!session->silent) return;
      CloseSoon(session, absl::UnavailableError("keepalive timeout"), absl::ZeroDuration());
    });
    return;
  }
  if (closes_at_once_) {
    while (stream.has_sent()) stream.TakeSent();
    CloseSoon(session, absl::UnavailableError("not now"), absl::ZeroDuration());
    return;
  }
  while (stream.has_sent()) OnRequest(session, stream.TakeSent());
}

void ControlPlane::OnRequest(const SessionPtr& session, const std::string& bytes) {
  xds::discovery::DiscoveryRequest request;
  if (!request.ParseFromString(bytes)) {
    misuse_ = "a request that cannot be parsed";
    return;
  }
  ++requests_;
  const std::string& type_url = request.type_url();
  TypeState& state = session->types[type_url];
  trace_->Note("stream ", session->id, " asks for ", ShortName(type_url), " [",
               absl::StrJoin(request.resource_names(), " "), "] V=", request.version_info(),
               " N=", request.response_nonce(), request.has_error_detail() ? " NACK: " : "",
               request.error_detail().message());
  if (!state.requested) first_requests_[type_url] = request;
  if (!state.requested && !request.response_nonce().empty()) misuse_ = "an old stream's nonce";
  if (!state.requested && request.resource_names().empty()) misuse_ = "asks for everything";
  if (request.response_nonce() != state.nonce) return;  // of an older response
  const std::set<std::string> names(request.resource_names().begin(),
                                    request.resource_names().end());
  const bool asks = !state.requested || names != state.names;
  state.requested = true;
  state.names = names;
  if (request.has_error_detail()) {
    ++nacks_;
    last_nack_ = request.error_detail().message();
  }
  if (asks || (request.has_error_detail() && resends_on_nack_)) Respond(session, type_url);
}

void ControlPlane::Respond(const SessionPtr& session, const std::string& type_url) {
  TypeState& state = session->types[type_url];
  xds::discovery::DiscoveryResponse response;
  std::vector<std::string> present;
  for (const std::string& name : state.names) {
    const auto found = resources_[type_url].find(name);
    if (found == resources_[type_url].end()) continue;
    auto* any = response.add_resources();
    any->set_type_url(type_url);
    any->set_value(found->second);
    present.push_back(name);
  }
  const bool complete = type_url == testing::kListenerType || type_url == testing::kClusterType;
  if (present.empty() && !complete) return;
  state.nonce = absl::StrCat("n", ++last_nonce_);
  response.set_type_url(type_url);
  response.set_version_info(absl::StrCat(versions_[type_url]));
  response.set_nonce(state.nonce);
  ++responses_;
  trace_->Note("stream ", session->id, " is sent ", ShortName(type_url), " [",
               absl::StrJoin(present, " "), "] V=", response.version_info(), " N=", state.nonce);
  session->outbox.push_back(response.SerializeAsString());
  DeliverSoon(session);
}

void ControlPlane::DeliverSoon(const SessionPtr& session) {
  if (session->delivers || session->outbox.empty()) return;
  session->delivers = true;
  After(Latency(), [this, session] {
    serializer_->Post([this, alive = std::weak_ptr<bool>(alive_), session] {
      if (alive.expired()) return;
      session->delivers = false;
      Deliver(session);
    });
  });
}

void ControlPlane::Deliver(const SessionPtr& session) {
  // If the client does not read, it does later, and OnClient() hears of it.
  if (session->outbox.empty() || !session->stream->open() || !session->stream->reading()) return;
  std::string bytes = std::move(session->outbox.front());
  session->outbox.pop_front();
  session->stream->Deliver(std::move(bytes));
  DeliverSoon(session);
}

void ControlPlane::CloseSoon(const SessionPtr& session, const absl::Status& status,
                             absl::Duration after) {
  After(after, [this, session, status] {
    serializer_->Post([this, alive = std::weak_ptr<bool>(alive_), session, status] {
      if (alive.expired()) return;
      if (session->stream->open()) {
        trace_->Note("stream ", session->id, " ends: ", status.message());
      }
      Forget(session);
      session->stream->Close(status);
    });
  });
}

void ControlPlane::Forget(const SessionPtr& session) {
  session->outbox.clear();
  session->silent = false;
  session->stream->set_on_client(nullptr);
  sessions_.erase(std::remove(sessions_.begin(), sessions_.end(), session), sessions_.end());
}

}  // namespace mesh::simulation
