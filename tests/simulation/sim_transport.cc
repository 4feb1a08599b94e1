#include "tests/simulation/sim_transport.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace mesh::simulation {
namespace {

constexpr int kCancelled = 1;
constexpr int kDeadlineExceeded = 4;
constexpr int kUnavailable = 14;

}  // namespace

// One attempt. Keeps itself until its end.
//
//   Start ──travels──► arrives ──executes──► answers ──► done
//     └── the server died, vanished; deadline; cancellation ──► done
class SimExchange final : public call::Exchange,
                          private Servers::Listener,
                          public std::enable_shared_from_this<SimExchange> {
 public:
  SimExchange(std::shared_ptr<const SimTransport::Options> options, SimConnection* connection,
              absl::Time deadline, call::Transport::OnDone on_done)
      : options_(std::move(options)),
        network_(*options_->network),
        connection_(connection),
        address_(connection->address()),
        deadline_(deadline),
        on_done_(std::move(on_done)) {}

  void Begin() {
    self_ = shared_from_this();
    ++network_.in_flight_[address_];
    ++network_.total_;
    network_.servers_->AddListener(address_, this);
    if (deadline_ != absl::InfiniteFuture()) {
      After(deadline_ - network_.clock_->Now(), &SimExchange::OnDeadline);
    }
    peer_ = connection_->peer();
    After(Travel(), &SimExchange::OnArrival);
  }

  void Cancel() override { After(absl::ZeroDuration(), &SimExchange::OnCancelled); }

 private:
  absl::Duration Travel() {
    return network_.dice_->Between(absl::Milliseconds(1), absl::Milliseconds(5));
  }

  void After(absl::Duration delay, void (SimExchange::*then)()) {
    timers_.push_back(network_.executor_->PostAfter(delay, [weak = weak_from_this(), then] {
      const std::shared_ptr<SimExchange> self = weak.lock();
      if (self != nullptr && self->self_ != nullptr) ((*self).*then)();
    }));
  }

  bool IsThere() const {
    const Server& server = network_.servers_->at(address_);
    return server.up && server.reachable && server.incarnation == peer_;
  }

  void OnArrival() {
    // A channel that has lost its connection gives the call to no transport.
    if (peer_ == 0) return End(kUnavailable, "no connection", false);
    if (!IsThere()) {
      if (network_.servers_->at(address_).reachable) return OnReset();
      lost_ = &SimExchange::OnArrival;
      After(SimConnector::kKeepalive, &SimExchange::OnReset);
      return;
    }
    Server& server = network_.servers_->at(address_);
    ++server.executed;
    if (server.fails > 0 && network_.dice_->Chance(server.fails)) answer_ = server.code;
    After(network_.dice_->Between(absl::Milliseconds(1), server.takes), &SimExchange::OnAnswer);
  }

  void OnAnswer() {
    if (IsThere()) return End(answer_, answer_ == 0 ? "" : "the server says no", true);
    lost_ = &SimExchange::OnAnswer;
  }

  void OnServerChanged() override {
    const Server& server = network_.servers_->at(address_);
    if (IsThere()) {
      // What was sent meanwhile is sent again.
      if (lost_ != nullptr) After(Travel(), std::exchange(lost_, nullptr));
    } else if (!server.reachable) {
      After(SimConnector::kKeepalive, &SimExchange::OnReset);
    } else {
      After(Travel(), &SimExchange::OnReset);
    }
  }

  void OnReset() {
    // Handed to the transport, whatever the server saw of it.
    if (!IsThere()) End(kUnavailable, "connection reset", true);
  }
  void OnDeadline() { End(kDeadlineExceeded, "deadline exceeded", true); }
  void OnCancelled() { End(kCancelled, "cancelled", true); }

  void End(int code, absl::string_view message, bool delivered) {
    const std::shared_ptr<SimExchange> self = std::move(self_);
    network_.servers_->RemoveListener(address_, this);
    for (const Executor::TimerId timer : timers_) network_.executor_->Cancel(timer);
    --network_.in_flight_[address_];
    --network_.total_;
    call::ExchangeResponse response;
    response.code = code;
    response.message = std::string(message);
    response.delivered = delivered;
    network_.trace_->Note("call ", options_->call, " on ", address_, " ends with ", code,
                          delivered ? "" : ", not sent");
    options_->on_end(*connection_, &response);
    options_->environment->ExitAttempt();
    call::Transport::OnDone on_done = std::move(on_done_);
    on_done(std::move(response));
  }

  const std::shared_ptr<const SimTransport::Options> options_;
  CallNetwork& network_;
  SimConnection* const connection_;  // lives as long as the permit of the attempt
  const std::string address_;
  const absl::Time deadline_;
  call::Transport::OnDone on_done_;
  std::shared_ptr<SimExchange> self_;  // null once it has ended
  std::vector<Executor::TimerId> timers_;
  void (SimExchange::*lost_)() = nullptr;  // what happens once the packet gets through
  uint64_t peer_ = 0;
  int answer_ = 0;
};

std::shared_ptr<call::Exchange> SimTransport::Start(call::ExchangeRequest request,
                                                    wire::Connection& connection, OnDone on_done) {
  if (!options_->environment->EnterAttempt()) return nullptr;
  auto* const simulated = static_cast<SimConnection*>(&connection);
  options_->network->trace_->Note("call ", options_->call, " goes to ", simulated->address());
  options_->on_start(*simulated);
  auto exchange =
      std::make_shared<SimExchange>(options_, simulated, request.deadline, std::move(on_done));
  exchange->Begin();
  return exchange;
}

}  // namespace mesh::simulation
