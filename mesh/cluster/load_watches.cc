#include "mesh/cluster/load_watches.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "mesh/base/backoff.h"

namespace mesh::cluster {

// The stream of one endpoint, on the connection that it has now, as often as it must be begun.
class LoadWatches::Stream final : public wire::LoadWatch::Observer {
 public:
  Stream(LoadWatches* owner, const TableEndpoint& endpoint)
      : owner_(owner), endpoint_(endpoint), backoff_({}, owner->options_.random) {
    Begin();
  }

  void OnLoadReport(absl::string_view report) override {
    backoff_.Reset();
    endpoint_.endpoint()->known_load().Record({report, false}, owner_->options_.clock->Now());
  }

  void OnLoadWatchEnd(const absl::Status& status) override {
    watch_ = nullptr;
    if (absl::IsUnimplemented(status)) return owner_->NoteSilent(endpoint_, status);
    Serializer* const serializer = owner_->options_.serializer;
    serializer->AssertHeld();
    again_ = serializer->After(backoff_.Next(), [this] { Begin(); });
  }

 private:
  void Begin() {
    watch_ = owner_->options_.watcher->Start(
        {endpoint_.share()->connection(), owner_->options_.cluster_name, owner_->interval_}, this);
  }

  LoadWatches* const owner_;
  const TableEndpoint& endpoint_;
  Backoff backoff_;
  std::unique_ptr<wire::LoadWatch> watch_;  // null: waiting or silent
  Serializer::Timer again_;
};

LoadWatches::LoadWatches(Options options, absl::Duration interval)
    : options_(std::move(options)), interval_(interval) {}

LoadWatches::~LoadWatches() = default;

void LoadWatches::OnConnection(const TableEndpoint& endpoint) {
  if (endpoint.connection_state() != wire::ConnectionState::kReady) {
    streams_.erase(&endpoint);
    return;
  }
  std::unique_ptr<Stream>& stream = streams_[&endpoint];
  if (stream == nullptr) stream = std::make_unique<Stream>(this, endpoint);
}

void LoadWatches::Forget(const TableEndpoint& endpoint) { streams_.erase(&endpoint); }

void LoadWatches::NoteSilent(const TableEndpoint& endpoint, const absl::Status& status) {
  if (std::exchange(told_, true) || !options_.log) return;
  options_.log(LogSeverity::kWarning,
               absl::StrCat("cluster \"", options_.cluster_name, "\": endpoint ",
                            endpoint.endpoint()->address(),
                            " reports no load out of band, as perhaps others: ", status.message()));
}

}  // namespace mesh::cluster
