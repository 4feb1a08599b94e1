#include "resolver/dns/cares_host_resolver.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "resolver/dns/cares_lookup.h"

namespace mesh::resolver {
namespace {

// Serializer-bound but for Run(), which is the thread.
class CaresQuery final : public HostResolver::Query {
 public:
  CaresQuery(Serializer* serializer, std::string host, HostResolver::Family family,
             std::string server, HostResolver::Done done)
      : serializer_(serializer),
        host_(std::move(host)),
        family_(family),
        server_(std::move(server)),
        done_(std::make_shared<HostResolver::Done>(std::move(done))),
        wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wake_ < 0) {
      Answer(absl::UnavailableError("no file descriptor is left for the query"));
      return;
    }
    try {
      thread_ = std::thread([this] { Run(); });
    } catch (const std::system_error& error) {
      Answer(absl::UnavailableError(absl::StrCat("no thread for the query: ", error.what())));
    }
  }
  ~CaresQuery() override {
    is_cancelled_ = true;
    if (thread_.joinable()) {
      const uint64_t one = 1;
      while (write(wake_, &one, sizeof(one)) < 0 && errno == EINTR) {
      }
      thread_.join();
    }
    if (wake_ >= 0) close(wake_);
  }

 private:
  void Run() {
    Answer(
        LookUpWithCares(host_, family_, server_, wake_, [this] { return is_cancelled_.load(); }));
  }
  void Answer(absl::StatusOr<HostResolver::Answer> answer) {
    serializer_->Post(
        [weak = std::weak_ptr<HostResolver::Done>(done_), answer = std::move(answer)]() mutable {
          const std::shared_ptr<HostResolver::Done> done = weak.lock();
          if (done != nullptr) (*done)(std::move(answer));
        });
  }

  Serializer* const serializer_;
  const std::string host_;
  const HostResolver::Family family_;
  const std::string server_;
  // Expires with this; what it holds is the serializer's, so tasks and threads only refer to it.
  const std::shared_ptr<HostResolver::Done> done_;
  const int wake_;
  std::atomic<bool> is_cancelled_{false};
  std::thread thread_;
};

class CaresHostResolver final : public HostResolver {
 public:
  CaresHostResolver(Serializer* serializer, std::string server)
      : serializer_(serializer), server_(std::move(server)) {}

  std::unique_ptr<Query> Lookup(absl::string_view host, Family family, Done done) override {
    serializer_->AssertHeld();
    return std::make_unique<CaresQuery>(serializer_, std::string(host), family, server_,
                                        std::move(done));
  }

 private:
  Serializer* const serializer_;
  const std::string server_;
};

}  // namespace

std::unique_ptr<HostResolver> NewCaresHostResolver(Serializer* serializer, std::string server) {
  return std::make_unique<CaresHostResolver>(serializer, std::move(server));
}

}  // namespace mesh::resolver
