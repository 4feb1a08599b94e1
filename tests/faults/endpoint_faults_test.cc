// Faults of endpoints, and churn among them.

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/faults/fault_test.h"
#include "tests/testing/sanitized.h"

namespace mesh {
namespace {

using ::testing::HasSubstr;
using testing::kClusterLoadAssignmentType;
using testing::ServiceResources;

class EndpointFaultsTest : public FaultTest {
 protected:
  void SetEndpoints(const Localities& localities) {
    control_plane_.Set(kClusterLoadAssignmentType, "echo-cluster",
                       ServiceResources::AssignmentBytes("echo-cluster", localities));
    control_plane_.Push(kClusterLoadAssignmentType);
  }
};

// Three of 200 endpoints are there; each update replaces a tenth of the others.
TEST_F(EndpointFaultsTest, F14ChurnAmongManyEndpointsLosesNothingAndKeepsConnections) {
  int next_port = 1;
  const auto absent = [&] {
    ++next_port;
    return absl::StrCat("127.0.0.", 2 + next_port % 50, ":", next_port);
  };
  std::vector<std::string> others(197);
  for (std::string& address : others) address = absent();
  const auto all = [&] {
    std::vector<std::string> addresses = {a_.address(), b_.address(), c_.address()};
    addresses.insert(addresses.end(), others.begin(), others.end());
    return One(addresses);
  };
  options_.max_connected_endpoints = 0;  // all
  Serve(all());
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c"});
  const auto churn = [&](int from, int updates) {
    for (int update = from; update < from + updates; ++update) {
      for (size_t i = update % 10; i < others.size(); i += 10) others[i] = absent();
      const size_t before = control_plane_.requests().size();
      SetEndpoints(all());
      ASSERT_TRUE(control_plane_.WaitForRequests(
          [&](const auto& requests) { return requests.size() > before; }));
    }
  };
  Load load(mesh().Channel("xds:///echo"));
  load.WaitForCalls(1000);
  const LoadReport calm = load.Restart();
  churn(0, 10);
  load.WaitForCalls(20);
  const ProcessState begin = ProcessState::Now();
  churn(10, 100);
  load.WaitForCalls(20);
  const LoadReport report = load.Stop();
  Note("calm", calm.ToString());
  Note("churn", report.ToString());
  Note("p99 of churn against calm",
       absl::StrCat(absl::FDivDuration(report.Quantile(0.99), calm.Quantile(0.99))));
  EXPECT_EQ(report.lost, 0);
  for (const auto* server : {&a_, &b_, &c_}) EXPECT_EQ(server->connections(), 1u);
  ProcessState end;
  EXPECT_TRUE(Eventually([&] {
    end = ProcessState::Now();
    return end.descriptors <= begin.descriptors + 10;
  })) << begin
      << "; " << end;
  std::cout << "  " << begin << "\n  " << end << "\n";
  if (!testing::kSanitized) {
    EXPECT_LT(end.resident_bytes, begin.resident_bytes * 1.1 + (4 << 20));
  }
}

TEST_F(EndpointFaultsTest, F15WithoutEndpointsCallsFailAtOnceAndComeBackAtOnce) {
  Serve(One({a_.address()}));
  const auto stub = NewStub();
  EXPECT_TRUE(Call(stub.get()).status.ok());
  for (int i = 0; i < 5; ++i) {
    Outcome failed;
    SetEndpoints({});
    ASSERT_TRUE(CallUntil(stub.get(), [&](const Outcome& outcome) {
      failed = outcome;
      return !outcome.status.ok();
    }));
    EXPECT_EQ(failed.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(failed.status.error_message(), HasSubstr("no endpoints"));
    const absl::Duration took = Time([&] { EXPECT_FALSE(Call(stub.get()).status.ok()); });
    EXPECT_LT(took, absl::Milliseconds(100));
    Outcome patient;
    std::thread waits([&] { patient = Call(stub.get(), absl::Seconds(5), true); });
    const absl::Duration back = Time([&] {
      SetEndpoints(One({a_.address()}));
      EXPECT_TRUE(CallUntil(stub.get(), [](const Outcome& o) { return o.status.ok(); }));
    });
    waits.join();
    EXPECT_TRUE(patient.status.ok()) << patient.status.error_message();
    Note("back after", back);
    EXPECT_LT(back, absl::Seconds(1));
  }
}

TEST_F(EndpointFaultsTest, F15AnEmptiedLocalityLosesNothing) {
  const Localities full = {{"y", 1, 0, {a_.address()}}, {"z", 1, 0, {b_.address()}}};
  const Localities emptied = {{"y", 1, 0, {a_.address()}}, {"z", 1, 0, {}}};
  Serve(full);
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b"});
  Load load(mesh().Channel("xds:///echo"));
  for (int i = 0; i < 5; ++i) {
    SetEndpoints(emptied);
    load.WaitForCalls(20);
    SetEndpoints(full);
    load.WaitForCalls(20);
  }
  ReachAll(stub.get(), {"a", "b"});
  const LoadReport report = load.Stop();
  EXPECT_EQ(report.lost, 0) << report.ToString();
}

TEST_F(EndpointFaultsTest, F16AKilledEndpointCostsNoMoreThanWhatItHad) {
  Serve({{"y", 2, 0, {a_.address(), b_.address()}}, {"z", 1, 0, {c_.address()}}});
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c"});
  Load load(mesh().Channel("xds:///echo"));
  for (int i = 0; i < 5; ++i) {
    load.Restart();
    load.WaitForCalls(30);
    a_.Kill();
    load.WaitForCalls(100);
    const LoadReport report = load.Restart();
    Note("killed", report.ToString());
    EXPECT_LE(report.lost, 2) << "as many as are in flight at a time";
    ASSERT_TRUE(a_.Start());
    ReachAll(stub.get(), {"a"});
  }
}

// What the server may have executed is not made again: nobody asked for that.
TEST_F(EndpointFaultsTest, F16ACallThatAKilledEndpointHasTakenIsLost) {
  Serve(One({a_.address(), b_.address()}));
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b"});
  a_.set_delay(absl::Seconds(10));
  b_.set_delay(absl::Seconds(10));
  const int before = a_.calls() + b_.calls();
  CallTrace trace;
  Outcome outcome;
  std::thread call([&] {
    const CallTrace::Scope scope(&trace);
    outcome = Call(stub.get());
  });
  EXPECT_TRUE(Eventually([&] { return a_.calls() + b_.calls() > before; }));
  a_.Kill();
  b_.Kill();
  call.join();
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  ASSERT_EQ(trace.attempts().size(), 1u);
  EXPECT_TRUE(trace.attempts()[0].delivered);
}

TEST_F(EndpointFaultsTest, F16AKilledEndpointLosesNothingWhereTheRouteRetries) {
  service_.retry_on = "unavailable";
  Serve({{"y", 2, 0, {a_.address(), b_.address()}}, {"z", 1, 0, {c_.address()}}});
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c"});
  Load load(mesh().Channel("xds:///echo"));
  for (int i = 0; i < 5; ++i) {
    load.WaitForCalls(20);
    a_.Kill();
    load.WaitForCalls(50);
    ASSERT_TRUE(a_.Start());
    ReachAll(stub.get(), {"a"});
  }
  const LoadReport report = load.Stop();
  Note("load", report.ToString());
  EXPECT_EQ(report.lost, 0);
}

// An endpoint leaves while a call is on it: that ends first, then its connection is closed.
TEST_F(EndpointFaultsTest, F14AnEndpointThatLeavesEndsItsCallsFirst) {
  Serve(One({a_.address()}));
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a"});
  const int before = a_.calls();
  testing::EchoReply reply;
  grpc::Status status;
  std::thread call([&] {
    grpc::ClientContext context;
    testing::EchoRequest slow;
    slow.set_delay_ms(1500);
    status = stub->Unary(&context, slow, &reply);
  });
  EXPECT_TRUE(Eventually([&] { return a_.calls() > before; }));
  SetEndpoints(One({b_.address()}));
  ReachAll(stub.get(), {"b"});
  EXPECT_EQ(Answering(stub.get(), 20), std::set<std::string>{"b"});
  EXPECT_EQ(ConnectionsTo(a_.address()), 1);
  call.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply.server(), "a");
  EXPECT_TRUE(Eventually([&] { return ConnectionsTo(a_.address()) == 0; }));
}

// Some 40 connections of three servers come to their age. One server is slow, so that calls are on
// its connections then.
TEST_F(EndpointFaultsTest, F19ConnectionsThatServersEndLoseNothing) {
  for (auto* server : {&a_, &b_, &c_}) {
    server->Kill();
    server->set_max_connection_age(absl::Milliseconds(500));
    ASSERT_TRUE(server->Start());
  }
  Serve({{"y", 2, 0, {a_.address(), b_.address()}}, {"z", 1, 0, {c_.address()}}});
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b", "c"});
  a_.set_delay(absl::Milliseconds(5));
  Load load(mesh().Channel("xds:///echo"));
  for (int i = 0; i < 4; ++i) load.WaitForCalls(1000);
  const LoadReport report = load.Stop();
  Note("load", report.ToString());
  EXPECT_EQ(report.lost, 0);
  for (const auto* server : {&a_, &b_, &c_}) {
    Note(absl::StrCat("connections of ", server->name()), absl::StrCat(server->connections()));
    EXPECT_GT(server->connections(), 5);
  }
}

TEST_F(EndpointFaultsTest, F20ADeadPriorityGivesWayWithinASecondAndComesBack) {
  service_.retry_on = "unavailable";
  service_.num_retries = 2;  // the first may go to the other one that has just died
  Serve({{"y", 1, 0, {a_.address(), b_.address()}}, {"z", 1, 1, {c_.address()}}});
  const auto stub = NewStub();
  ReachAll(stub.get(), {"a", "b"});
  EXPECT_EQ(c_.calls(), 0);
  Load load(mesh().Channel("xds:///echo"));
  load.WaitForCalls(20);
  for (int i = 0; i < 3; ++i) {
    const absl::Duration over = Time([&] {
      a_.Kill();
      b_.Kill();
      EXPECT_TRUE(CallUntil(stub.get(), [](const Outcome& o) { return o.server == "c"; }));
    });
    Note("next priority after", over);
    EXPECT_LT(over, absl::Seconds(1));
    load.WaitForCalls(20);
    ASSERT_TRUE(a_.Start());
    ASSERT_TRUE(b_.Start());
    const absl::Duration back = Time([&] { ReachAll(stub.get(), {"a", "b"}); });
    Note("back after", back);
    EXPECT_LT(back, absl::Seconds(5));
    const int before = c_.calls();
    for (int n = 0; n < 100; ++n) EXPECT_TRUE(Call(stub.get()).status.ok());
    EXPECT_LE(c_.calls() - before, 2) << "what the load had in flight";
  }
  const LoadReport report = load.Stop();
  Note("load", report.ToString());
  EXPECT_EQ(report.lost, 0);
}

}  // namespace
}  // namespace mesh
