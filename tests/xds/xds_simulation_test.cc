// A client against a control plane that does everything wrong that a protocol lets it, at random
// but from a seed: what must hold all the time, and that it ends well once all is calm.

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/xds/xds_client_fixture.h"

namespace mesh::testing {
namespace {

// What one watcher believes, from what it was told.
struct Believer {
  const TextResourceType* type = nullptr;
  std::string name;
  TextWatcher watcher;
  std::string value;    // empty: none
  std::string error;    // in place of a value
  std::string ambient;  // beside one

  void Learn() {
    for (const std::string& event : watcher.Take()) {
      if (absl::StartsWith(event, "value ")) {
        EXPECT_NE(event.substr(6), value) << "told of a value that it has";
        value = event.substr(6);
        error.clear();
        ambient.clear();
      } else if (absl::StartsWith(event, "error ")) {
        error = event;
        value.clear();
        ambient.clear();
      } else {
        EXPECT_NE(value, "") << event;
        EXPECT_NE(event, ambient) << "told twice";
        ambient = event == "ambient ok" ? "" : event;
      }
    }
  }
};

// What the server remembers of one type on the present stream.
struct ServerType {
  bool requested = false;
  std::set<std::string> names;
  std::string nonce;  // of the last response
};

class XdsSimulationTest : public XdsClientTest, public ::testing::WithParamInterface<int> {
 protected:
  XdsSimulationTest() : rng_(GetParam()) {
    for (auto& versions : sent_versions_) versions.insert("");
    Start();
  }

  size_t Below(size_t n) { return rng_() % n; }
  bool OneIn(size_t n) { return Below(n) == 0; }
  std::string Name() { return std::string(1, static_cast<char>('a' + Below(6))); }
  const TextResourceType& AnyType() { return OneIn(2) ? listener_ : route_; }

  // --- The client's side.

  void AddBeliever() {
    auto believer = std::make_unique<Believer>();
    believer->type = &AnyType();
    believer->name = Name();
    Believer* const b = believer.get();
    b->watcher.keep_holds = OneIn(3);
    b->watcher.on_event = [b] { EXPECT_NE(b->watcher.subscription, nullptr) << "told when gone"; };
    Watch(*b->type, b->name, &b->watcher);
    NoticeStream();
    ++changes_;
    believers_.push_back(std::move(believer));
  }

  void RemoveBeliever() {
    if (believers_.empty()) return;
    const auto it = believers_.begin() + static_cast<long>(Below(believers_.size()));
    Unwatch(&(*it)->watcher);
    ++changes_;
    gone_.push_back(std::move(*it));
    believers_.erase(it);
  }

  void ReleaseHolds() {
    On([&] {
      for (auto& b : believers_) b->watcher.holds.clear();
      for (auto& b : gone_) b->watcher.holds.clear();
    });
  }

  // --- The server's side.

  // The bytes of a resource as they are now; empty if it does not exist.
  std::string& Truth(const TextResourceType& type, const std::string& name) {
    return truth_[{&type, name}];
  }

  void ChangeTruth() {
    const TextResourceType& type = AnyType();
    std::string& truth = Truth(type, Name());
    const size_t what = Below(6);
    if (what == 0) {
      truth = "bad";
    } else if (what == 1 && (type.absence_is_deletion() || truth.empty())) {
      truth.clear();
    } else {
      truth = absl::StrCat("v", ++values_);
    }
    ++version_;
  }

  // A new stream has a server that remembers nothing.
  void NoticeStream() {
    if (stream() == current_) return;
    EXPECT_LE(requests_, allowed()) << "more requests than necessary";
    current_ = stream();
    server_.clear();
    requests_ = responses_ = changes_ = 0;
    first_ = true;
  }

  // Takes requests, and checks that they are such as the protocol allows.
  void TakeRequests() {
    if (stream() == nullptr) return;
    while (stream()->has_sent()) {
      xds::discovery::DiscoveryRequest request;
      ASSERT_TRUE(request.ParseFromString(stream()->TakeSent()));
      ++requests_;
      EXPECT_EQ(request.has_node(), std::exchange(first_, false));
      ServerType& type = server_[request.type_url()];
      EXPECT_TRUE(type.requested || request.resource_names_size() > 0) << "asks for everything";
      EXPECT_TRUE(type.requested || request.response_nonce().empty()) << "an old stream's nonce";
      type.requested = true;
      const bool is_route = request.type_url() == route_.type_url();
      EXPECT_EQ(sent_versions_[is_route].count(request.version_info()), 1u);
      if (request.response_nonce() != type.nonce) continue;  // stale
      type.names = {request.resource_names().begin(), request.resource_names().end()};
      EXPECT_EQ(type.names.size(), static_cast<size_t>(request.resource_names_size()));
    }
    if (OneIn(2)) ConfirmSent();
  }
  size_t allowed() const { return server_.size() + responses_ + changes_; }

  void SendResponse(const TextResourceType& type, bool well_behaved) {
    if (stream() == nullptr || !stream()->reading()) return;
    ServerType& state = server_[std::string(type.type_url())];
    if (!state.requested) return;
    Texts resources;
    for (const std::string& name : state.names) {
      const std::string& truth = Truth(type, name);
      if (truth.empty()) continue;
      if (!well_behaved && !type.absence_is_deletion() && OneIn(3)) continue;
      resources.push_back(absl::StrCat(name, "=", truth));
      if (!well_behaved && OneIn(10)) resources.push_back(resources.back());
    }
    if (!well_behaved && OneIn(5)) resources.push_back("z=unrequested");
    if (!well_behaved && OneIn(10)) resources.push_back("no name");
    const std::string version = absl::StrCat(version_);
    sent_versions_[&type == &route_].insert(version);
    state.nonce = absl::StrCat("n", ++nonces_);
    ++responses_;
    Respond(type, version, state.nonce, resources);
  }

  void Step() {
    switch (Below(12)) {
      case 0:
      case 1:
        AddBeliever();
        break;
      case 2:
        RemoveBeliever();
        break;
      case 3:
      case 4:
        ChangeTruth();
        break;
      case 5:
        if (stream() != nullptr && OneIn(4)) {
          Close(OneIn(2) ? absl::OkStatus() : absl::UnavailableError("gone"));
        }
        break;
      case 6:
        ReleaseHolds();
        break;
      case 7:
        Advance(absl::Milliseconds(Below(3000)));
        break;
      default:
        TakeRequests();
        SendResponse(AnyType(), /*well_behaved=*/false);
    }
    NoticeStream();
    for (auto& b : believers_) b->Learn();
    if (believers_.size() > 20) RemoveBeliever();
  }

  void CalmDown() {
    for (auto& [key, truth] : truth_) {
      if (truth == "bad") truth = absl::StrCat("v", ++values_);
    }
    for (int i = 0; i < 10; ++i) {
      ReleaseHolds();
      Advance(absl::Seconds(i == 0 ? 150 : 0));  // past every back-off
      NoticeStream();
      TakeRequests();
      ++version_;
      SendResponse(listener_, true);
      TakeRequests();
      ReleaseHolds();
      SendResponse(route_, true);
      for (auto& b : believers_) b->Learn();
    }
    ConfirmSent();
    Advance(absl::Seconds(20));  // past the wait for what does not exist
    for (auto& b : believers_) b->Learn();
  }

  std::mt19937 rng_;
  std::vector<std::unique_ptr<Believer>> believers_;
  std::vector<std::unique_ptr<Believer>> gone_;
  std::map<std::pair<const TextResourceType*, std::string>, std::string> truth_;
  std::map<std::string, ServerType> server_;
  std::set<std::string> sent_versions_[2];
  std::shared_ptr<FakeAdsStream> current_;
  bool first_ = true;
  size_t requests_ = 0, responses_ = 0, changes_ = 0;  // on the present stream
  uint64_t values_ = 0, version_ = 0, nonces_ = 0;
};

TEST_P(XdsSimulationTest, ConvergesAndNeverAsksForMoreThanNecessary) {
  for (int i = 0; i < 2000; ++i) Step();
  AddBeliever();
  CalmDown();
  EXPECT_LE(requests_, allowed());
  ReleaseHolds();
  EXPECT_TRUE(stream()->reading());
  for (const auto& b : believers_) {
    SCOPED_TRACE(absl::StrCat(b->type->type_url(), " ", b->name));
    const std::string& truth = Truth(*b->type, b->name);
    EXPECT_EQ(b->ambient, "");
    EXPECT_EQ(b->value, truth);
    if (truth.empty()) {
      EXPECT_TRUE(absl::StrContains(b->error, "does not exist")) << b->error;
    }
  }
  for (const std::string& state : States()) {
    EXPECT_TRUE(absl::StrContains(state, " ACKED ") || absl::StrContains(state, " DOES_NOT_EXIST"))
        << state;
  }
  On([&] {
    believers_.clear();
    gone_.clear();
  });
  EXPECT_FALSE(stream()->open());
}

INSTANTIATE_TEST_SUITE_P(Seeds, XdsSimulationTest, ::testing::Range(1, 41));

}  // namespace
}  // namespace mesh::testing
