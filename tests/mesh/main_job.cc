#include "tests/mesh/main_job.h"

#include <chrono>

#include "absl/strings/str_cat.h"

namespace mesh {

std::string MainJobTest::Bootstrap() const {
  return absl::StrCat(R"({"xds_servers": [{"server_uri": ")", control_plane_.address(),
                      R"(", "channel_creds": [{"type": "insecure"}]}],)",
                      R"("node": {"id": "test-node"}})");
}

Mesh& MainJobTest::mesh() {
  if (mesh_ == nullptr) {
    if (options_.bootstrap_json.empty()) options_.bootstrap_json = Bootstrap();
    absl::StatusOr<std::unique_ptr<Mesh>> made = Mesh::Create(options_);
    EXPECT_TRUE(made.ok()) << made.status();
    mesh_ = *std::move(made);
  }
  return *mesh_;
}

std::unique_ptr<testing::Echo::Stub> MainJobTest::NewStub(const std::string& target) {
  return testing::Echo::NewStub(mesh().Channel(target));
}

MainJobTest::Outcome MainJobTest::Call(testing::Echo::Stub* stub, absl::Duration deadline,
                                       bool wait_for_ready) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(deadline));
  if (wait_for_ready) context.set_wait_for_ready(true);
  testing::EchoRequest request;
  request.set_text("hello");
  testing::EchoReply reply;
  Outcome outcome;
  outcome.status = stub->Unary(&context, request, &reply);
  outcome.server = reply.server();
  return outcome;
}

bool MainJobTest::CallUntil(testing::Echo::Stub* stub,
                            const std::function<bool(const Outcome&)>& enough) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < end) {
    if (enough(Call(stub))) return true;
  }
  return false;
}

bool MainJobTest::CallUntilServedBy(testing::Echo::Stub* stub, const std::string& server) {
  return CallUntil(stub, [&server](const Outcome& outcome) { return outcome.server == server; });
}

void MainJobTest::ExpectMoveWithoutLoss(testing::Echo::Stub* stub, const std::string& server) {
  bool lost = false;
  EXPECT_TRUE(CallUntil(stub, [&](const Outcome& outcome) {
    lost |= !outcome.status.ok();
    return outcome.server == server;
  })) << server;
  EXPECT_FALSE(lost) << server;
}

std::set<std::string> MainJobTest::Answering(testing::Echo::Stub* stub, int count) {
  std::set<std::string> names;
  for (int i = 0; i < count; ++i) {
    const Outcome outcome = Call(stub);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    names.insert(outcome.server);
  }
  return names;
}

std::future<Explanation> MainJobTest::Ask(absl::Duration wait, const std::string& path,
                                          const std::string& target) {
  auto answer = std::make_shared<std::promise<Explanation>>();
  std::future<Explanation> future = answer->get_future();
  mesh().Explain(target, {path, {}}, wait,
                 [answer](const Explanation& explanation) { answer->set_value(explanation); });
  return future;
}

Explanation MainJobTest::Explain(const std::string& path, const std::string& target) {
  return Ask(absl::Seconds(10), path, target).get();
}

}  // namespace mesh
