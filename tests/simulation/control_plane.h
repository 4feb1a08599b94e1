#ifndef TESTS_SIMULATION_CONTROL_PLANE_H_
#define TESTS_SIMULATION_CONTROL_PLANE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mesh/base/executor.h"
#include "mesh/base/serializer.h"
#include "mesh/xds/proto/discovery.pb.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/trace.h"
#include "tests/testing/fake_ads_transport.h"

namespace mesh::simulation {

// A control plane (aggregated, state of the world) at the far end of a slow network: it answers a
// type's first request and those that change its names, and pushes what changes. Responses of a
// stream arrive in order; pushes of different types overtake each other. Thread-compatible, driven
// by the executor.
class ControlPlane {
 public:
  // How long a client's transport takes to see that nobody answers any more: keepalive time and
  // timeout.
  static constexpr absl::Duration kKeepalive = absl::Seconds(40);

  // All outlive it.
  ControlPlane(Executor* executor, Serializer* serializer, Trace* trace, Dice* dice);
  ~ControlPlane();

  testing::FakeAdsTransports* transports() { return &transports_; }

  // Changes what is served, and pushes the type soon.
  void Set(const std::string& type_url, const std::string& name, std::string bytes);
  void Remove(const std::string& type_url, const std::string& name);
  // The same without a push: the next response has it.
  void SetQuietly(const std::string& type_url, const std::string& name, std::string bytes);
  void PushSoon(const std::string& type_url, absl::Duration at_least = absl::ZeroDuration());
  void PushAll();

  // The process dies: streams break, and new ones are refused.
  void Kill();
  void Start();
  // It takes connections, and is silent.
  void Hang();
  void Resume();
  void CloseStreams(const absl::Status& status);
  // New streams end without a response.
  void set_closes_at_once(bool closes) { closes_at_once_ = closes; }
  // Sends what was rejected again, at once.
  void set_resends_on_nack(bool resends) { resends_on_nack_ = resends; }
  // While set, pushes are forgotten, which no good control plane does: a planted fault.
  void set_loses_pushes(bool loses) { loses_pushes_ = loses; }
  // How long the network takes, one way, at most.
  void set_latency(absl::Duration latency) { latency_ = latency; }
  // Good behaviour in all respects, and a push of everything.
  void Calm();

  // When each stream was opened.
  const std::vector<absl::Duration>& opened() const { return opened_; }
  size_t open_streams() const;
  uint64_t requests() const { return requests_; }
  uint64_t responses() const { return responses_; }
  uint64_t nacks() const { return nacks_; }
  // Of the last NACK.
  const std::string& last_nack() const { return last_nack_; }
  // The first request of each type on the newest stream: names, version, nonce.
  const std::map<std::string, xds::discovery::DiscoveryRequest>& first_requests() const {
    return first_requests_;
  }
  // What the client did that the protocol forbids; empty: nothing.
  const std::string& misuse() const { return misuse_; }
  // Messages that wait to be read, of all streams.
  size_t queued() const;

 private:
  struct TypeState {
    std::set<std::string> names;
    std::string nonce;
    bool requested = false;
  };
  struct Session {
    uint64_t id = 0;
    std::shared_ptr<testing::FakeAdsStream> stream;
    std::map<std::string, TypeState> types;
    std::deque<std::string> outbox;
    bool receives = false;  // Receive() is due
    bool delivers = false;  // Deliver() is due
    bool silent = false;    // the keepalive runs out
  };
  using SessionPtr = std::shared_ptr<Session>;

  void OnOpen(const std::shared_ptr<testing::FakeAdsStream>& stream);
  void OnClient(const SessionPtr& session);
  void Receive(const SessionPtr& session);
  void OnRequest(const SessionPtr& session, const std::string& bytes);
  void Respond(const SessionPtr& session, const std::string& type_url);
  void DeliverSoon(const SessionPtr& session);
  void Deliver(const SessionPtr& session);
  void CloseSoon(const SessionPtr& session, const absl::Status& status, absl::Duration after);
  void Push(const std::string& type_url);
  void Forget(const SessionPtr& session);
  absl::Duration Latency();
  // Runs `task` unless this has gone by then.
  void After(absl::Duration delay, std::function<void()> task);

  Executor* const executor_;
  Serializer* const serializer_;
  Trace* const trace_;
  Dice* const dice_;
  testing::FakeAdsTransports transports_;
  std::vector<SessionPtr> sessions_;
  std::map<std::string, std::map<std::string, std::string>> resources_;  // by type
  std::map<std::string, uint64_t> versions_;
  bool up_ = true;
  bool hangs_ = false;
  bool closes_at_once_ = false;
  bool resends_on_nack_ = false;
  bool loses_pushes_ = false;
  absl::Duration latency_ = absl::Milliseconds(20);
  uint64_t last_session_ = 0;
  uint64_t last_nonce_ = 0;
  uint64_t requests_ = 0;
  uint64_t responses_ = 0;
  uint64_t nacks_ = 0;
  std::string last_nack_;
  std::string misuse_;
  std::vector<absl::Duration> opened_;
  std::map<std::string, xds::discovery::DiscoveryRequest> first_requests_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace mesh::simulation

#endif  // TESTS_SIMULATION_CONTROL_PLANE_H_
