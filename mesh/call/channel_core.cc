#include "mesh/call/channel_core.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mesh/call/target_watch.h"

namespace mesh::call {
namespace {

constexpr int kUnavailable = 14;

}  // namespace

std::shared_ptr<ChannelCore> ChannelCore::Create(Options options) {
  return std::shared_ptr<ChannelCore>(new ChannelCore(std::move(options)));
}

ChannelCore::ChannelCore(Options options)
    : environment_(std::move(options.environment)),
      target_(std::move(options.target)),
      authority_(std::move(options.authority)),
      config_(environment_->epochs().get()),
      watch_(std::make_unique<TargetWatch>(this, std::move(options.resolver))) {}

ChannelCore::~ChannelCore() = default;

const std::string* ChannelCore::Intern(absl::string_view path) {
  MutexLock lock(&mutex_);
  return &*paths_.emplace(path).first;
}

std::string ChannelCore::Explain(absl::string_view text) const {
  const std::string target = absl::StrCat("target \"", target_, "\": ");
  // What parses the target names it already.
  return absl::StartsWith(text, target) ? std::string(text) : absl::StrCat(target, text);
}

void ChannelCore::Start() { watch_->Start(); }

void ChannelCore::Shutdown(const absl::Status& reason) {
  if (watch_ == nullptr) return;
  watch_->Shutdown(reason);
  watch_ = nullptr;
  shut_down_ = reason;
  registry_.CancelAll(absl::UnavailableError(Explain(reason.message())));
}

std::shared_ptr<const model::ServiceConfig> ChannelCore::service_config() const {
  return watch_ == nullptr ? nullptr : watch_->config();
}

void ChannelCore::ConnectRoute(absl::string_view path) {
  if (watch_ != nullptr) watch_->ConnectRoute(path);
}

std::optional<Snapshot::Cluster> ChannelCore::SnapshotFor(const std::string& cluster,
                                                          const model::MetadataMatch& match) const {
  return watch_ == nullptr ? std::nullopt : watch_->SnapshotFor(cluster, match);
}

void ChannelCore::FillSnapshot(Snapshot* snapshot) const {
  if (watch_ != nullptr) {
    watch_->FillSnapshot(snapshot);
  } else {
    snapshot->target = target_;
    snapshot->error = std::string(shut_down_.message());
  }
}

void ChannelCore::SetChangeObserver(std::function<void()> observer) {
  if (watch_ != nullptr) watch_->SetChangeObserver(std::move(observer));
}

void ChannelCore::SetUnusedObserver(std::function<void()> observer) {
  on_unused_ = std::move(observer);
}

void ChannelCore::AddChannel() { registry_.Keep(shared_from_this()); }

void ChannelCore::RemoveChannel() {
  const std::shared_ptr<ChannelCore> self = shared_from_this();
  if (!registry_.Release()) return;
  environment_->Post([self] {
    const std::function<void()> on_unused = self->on_unused_;
    if (on_unused && !self->registry_.has_channels()) on_unused();
  });
}

void ChannelCore::Hold(std::shared_ptr<Waiter> call) { PostHold(std::move(call), false); }

void ChannelCore::HoldForAWhile(std::shared_ptr<Waiter> call) { PostHold(std::move(call), true); }

void ChannelCore::PostHold(std::shared_ptr<Waiter> call, bool for_a_while) {
  const bool posted = environment_->Post([self = shared_from_this(), call, for_a_while] {
    if (self->watch_ != nullptr) {
      self->watch_->Hold(call, for_a_while);
    } else {
      call->EndWait(kUnavailable, self->Explain(self->shut_down_.message()));
    }
  });
  if (!posted) call->EndWait(kUnavailable, Explain("mesh was destroyed"));
}

void ChannelCore::Nudge(std::shared_ptr<Waiter> call) {
  environment_->Post([self = shared_from_this(), call = std::move(call)] {
    if (self->watch_ != nullptr) self->watch_->Nudge(call);
  });
}

void ChannelCore::Connect() {
  environment_->Post([self = shared_from_this()] {
    if (self->watch_ != nullptr) self->watch_->Connect();
  });
}

}  // namespace mesh::call
