#include "tests/testing/fake_load_watcher.h"

#include <algorithm>
#include <memory>

namespace mesh::testing {

class FakeLoadWatcher::FakeLoadWatch final : public wire::LoadWatch {
 public:
  FakeLoadWatch(FakeLoadWatcher* watcher, const wire::Connection* connection, Observer* observer)
      : watcher_(watcher),
        connection_(connection),
        observer_(std::make_shared<Observer*>(observer)) {
    watcher_->open_.push_back(this);
  }
  ~FakeLoadWatch() override { Leave(); }

  // It is over.
  void Leave() {
    auto& all = watcher_->open_;
    all.erase(std::remove(all.begin(), all.end(), this), all.end());
  }

  const wire::Connection* connection() const { return connection_; }
  // Gone with the watch.
  std::weak_ptr<Observer*> observer() const { return observer_; }

 private:
  FakeLoadWatcher* const watcher_;
  const wire::Connection* const connection_;
  const std::shared_ptr<Observer*> observer_;
};

void FakeLoadWatcher::Report(const wire::Connection* connection, absl::string_view report) {
  for (const FakeLoadWatch* watch : open_) {
    if (watch->connection() != connection) continue;
    serializer_->Post([weak = watch->observer(), report = std::string(report)] {
      if (const auto observer = weak.lock()) (*observer)->OnLoadReport(report);
    });
  }
}

void FakeLoadWatcher::End(const wire::Connection* connection, const absl::Status& status) {
  for (FakeLoadWatch* watch : open_) {
    if (watch->connection() != connection) continue;
    serializer_->Post([watch, weak = watch->observer(), status] {
      const auto observer = weak.lock();
      if (observer == nullptr) return;
      watch->Leave();
      (*observer)->OnLoadWatchEnd(status);
    });
  }
}

size_t FakeLoadWatcher::open(const wire::Connection* connection) const {
  return std::count_if(open_.begin(), open_.end(), [connection](const FakeLoadWatch* watch) {
    return watch->connection() == connection;
  });
}

std::unique_ptr<wire::LoadWatch> FakeLoadWatcher::Start(const wire::LoadWatchRequest& request,
                                                        wire::LoadWatch::Observer* observer) {
  seen_.push_back({request.connection.get(), request.authority, request.interval});
  return std::make_unique<FakeLoadWatch>(this, request.connection.get(), observer);
}

}  // namespace mesh::testing
