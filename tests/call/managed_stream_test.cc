// A managed stream over a transport that is not gRPC's: order, one thing at a time, and each
// callback once.

#include "mesh/call/managed_stream.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/call/call_world.h"
#include "tests/call/fake_stream_transport.h"

namespace mesh::call::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kCancelled = 1;
constexpr int kUnavailable = 14;

ExchangeResponse End(int code, bool delivered = true) {
  ExchangeResponse end;
  end.code = code;
  end.message = code == 0 ? "" : "told to";
  end.delivered = delivered;
  return end;
}

class ManagedStreamTest : public ::testing::Test {
 protected:
  ManagedStreamTest() {
    world_.AddEndpoint("127.0.0.1:1");
    world_.AddEndpoint("127.0.0.1:2");
    CallInfo call;
    call.path = "/pkg.Service/Method";
    call.authority = "service";
    stream_ = std::make_shared<ManagedStream>(world_.core().shared_from_this(), transport_.Share(),
                                              std::move(call));
  }

  void Note(std::string what) {
    MutexLock lock(&mutex_);
    log_.push_back(std::move(what));
  }
  // What has happened since it was last asked, in order.
  std::vector<std::string> Log() {
    world_.OnSerializer([] {});
    MutexLock lock(&mutex_);
    return std::exchange(log_, {});
  }

  ByteStream::OnSent OnSent(const std::string& name) {
    return [this, name](bool ok) { Note(absl::StrCat(name, ok ? " sent" : " not sent")); };
  }
  ByteStream::OnReceived OnReceived() {
    return [this](std::optional<absl::Cord> message) {
      Note(message.has_value() ? absl::StrCat("received ", std::string(*message)) : "no message");
    };
  }
  void WatchEnds() {
    stream_->GetInitialMetadata([this](const Metadata& metadata) {
      Note(absl::StrCat("metadata ", metadata.empty() ? "none" : metadata[0].second));
    });
    stream_->GetEnd([this](const ExchangeResponse& end) {
      Note(absl::StrCat("end ", end.code, " ", end.message));
    });
  }
  // Starts, and opens the first stream to an endpoint.
  std::shared_ptr<FakeStreamTransport::Stream> Open() {
    stream_->Watch();
    stream_->Start(OnSent("start"));
    const auto stream = transport_.Get(0);
    stream->events.on_started(true);
    EXPECT_THAT(Log(), ElementsAre("start sent"));
    return stream;
  }
  static void Sent(const std::shared_ptr<FakeStreamTransport::Stream>& stream, bool ok) {
    std::exchange(stream->on_sent, nullptr)(ok);
  }
  static void Received(const std::shared_ptr<FakeStreamTransport::Stream>& stream,
                       std::optional<absl::Cord> message) {
    std::exchange(stream->on_received, nullptr)(std::move(message));
  }

  CallWorld world_;
  FakeStreamTransport transport_;
  Mutex mutex_;
  std::vector<std::string> log_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<ManagedStream> stream_;
};

TEST_F(ManagedStreamTest, PassesOneThingAtATimeInOrder) {
  world_.Publish();
  const auto stream = Open();
  EXPECT_EQ(stream->request.path, "/pkg.Service/Method");
  EXPECT_EQ(stream->request.authority, "service");
  EXPECT_EQ(stream->connection, &world_.endpoints()[0]->connection());
  stream_->Send(absl::Cord("a"), false, OnSent("a"));
  stream_->Send(absl::Cord("b"), true, OnSent("b"));
  EXPECT_THAT(stream->sent, ElementsAre("a"));
  Sent(stream, true);
  EXPECT_THAT(stream->sent, ElementsAre("a", "b (last)"));
  Sent(stream, true);
  EXPECT_THAT(Log(), ElementsAre("a sent", "b sent"));
  stream_->Receive(OnReceived());
  stream_->Receive(OnReceived());
  EXPECT_EQ(stream->receives, 1);
  Received(stream, absl::Cord("x"));
  EXPECT_EQ(stream->receives, 2);
  Received(stream, std::nullopt);
  EXPECT_THAT(Log(), ElementsAre("received x", "no message"));
  EXPECT_EQ(world_.in_flight(), 1u);
  stream->End(End(0));
  EXPECT_EQ(world_.in_flight(), 0u);
}

TEST_F(ManagedStreamTest, WhatComesBeforeTheStreamIsOpenWaits) {
  WatchEnds();
  stream_->Receive(OnReceived());
  stream_->Watch();
  stream_->Start(OnSent("start"));
  stream_->Send(absl::Cord("a"), false, OnSent("a"));
  EXPECT_THAT(Log(), IsEmpty());
  EXPECT_EQ(transport_.size(), 0u);
  world_.Publish();
  const auto stream = transport_.Get(0);
  EXPECT_THAT(stream->sent, IsEmpty());
  EXPECT_EQ(stream->receives, 0);
  stream->events.on_started(true);
  EXPECT_THAT(stream->sent, ElementsAre("a"));
  EXPECT_EQ(stream->receives, 1);
  stream->events.on_initial_metadata({{"served-by", "s"}});
  Received(stream, absl::Cord("x"));
  Sent(stream, true);
  stream->End(End(0));
  EXPECT_THAT(Log(), ElementsAre("start sent", "metadata s", "received x", "a sent", "end 0 "));
}

TEST_F(ManagedStreamTest, TheEndAnswersAllThatWaits) {
  world_.Publish();
  const auto stream = Open();
  WatchEnds();
  stream_->Send(absl::Cord("a"), false, OnSent("a"));
  stream_->Send(absl::Cord("b"), false, OnSent("b"));
  stream_->Receive(OnReceived());
  stream_->Receive(OnReceived());
  Sent(stream, false);
  Received(stream, std::nullopt);
  Log();
  // What was next has been asked for meanwhile; the transport answers that before the end.
  Sent(stream, false);
  Received(stream, std::nullopt);
  stream->End(End(kUnavailable));
  EXPECT_THAT(Log(), ElementsAre("b not sent", "no message", "metadata none", "end 14 told to"));
  stream_->Send(absl::Cord("late"), false, OnSent("late"));
  stream_->CloseSending(OnSent("close"));
  stream_->Receive(OnReceived());
  WatchEnds();
  EXPECT_THAT(Log(), ElementsAre("late not sent", "close not sent", "no message", "metadata none",
                                 "end 14 told to"));
}

TEST_F(ManagedStreamTest, NeverGivenToATransportGoesElsewhereTwice) {
  world_.Publish();
  WatchEnds();
  stream_->Watch();
  stream_->Start(OnSent("start"));
  stream_->Send(absl::Cord("a"), false, OnSent("a"));
  for (size_t i = 0; i < 3; ++i) {
    const auto stream = transport_.Get(i);
    ASSERT_NE(stream, nullptr) << i;
    stream->events.on_started(false);
    stream->End(End(kUnavailable, /*delivered=*/false));
  }
  EXPECT_THAT(Log(),
              ElementsAre("start not sent", "a not sent", "metadata none", "end 14 told to"));
  EXPECT_EQ(transport_.size(), 3u);
  EXPECT_EQ(world_.in_flight(), 0u);
}

TEST_F(ManagedStreamTest, ElsewhereItIsTheSameStream) {
  world_.Publish();
  WatchEnds();
  stream_->Watch();
  stream_->Start(OnSent("start"));
  stream_->Send(absl::Cord("a"), false, OnSent("a"));
  const auto first = transport_.Get(0);
  first->events.on_started(false);
  first->End(End(kUnavailable, /*delivered=*/false));
  const auto second = transport_.Get(1);
  ASSERT_NE(second, nullptr);
  EXPECT_NE(second->connection, first->connection);
  second->events.on_started(true);
  // It began there, and may have been open before it was known to the call.
  world_.OnSerializer([] {});
  EXPECT_THAT(second->sent, ElementsAre("a"));
  Sent(second, true);
  second->End(End(0));
  EXPECT_THAT(Log(), ElementsAre("start sent", "a sent", "metadata none", "end 0 "));
}

TEST_F(ManagedStreamTest, AServerThatHasSeenItIsNotLeft) {
  world_.Publish(CallWorld::Retries(3));
  WatchEnds();
  const auto stream = Open();
  stream->End(End(kUnavailable));
  EXPECT_THAT(Log(), ElementsAre("metadata none", "end 14 told to"));
  EXPECT_EQ(transport_.size(), 1u);
}

TEST_F(ManagedStreamTest, CancellingTellsTheTransportAndInItsWords) {
  world_.Publish();
  const auto stream = Open();
  WatchEnds();
  stream_->Cancel(kCancelled, "cancelled by the application");
  EXPECT_TRUE(stream->cancelled);
  EXPECT_THAT(Log(), IsEmpty()) << "the transport brings the end";
  stream->End(End(kCancelled));
  EXPECT_THAT(Log(), ElementsAre("metadata none", "end 1 cancelled by the application"));
}

TEST_F(ManagedStreamTest, CancelledBeforeItIsHeld) {
  stream_->Cancel(kCancelled, "cancelled by the application");
  WatchEnds();
  stream_->Watch();
  EXPECT_THAT(Log(), ElementsAre("metadata none", "end 1 cancelled by the application"));
  stream_->Start(OnSent("start"));
  EXPECT_THAT(Log(), ElementsAre("start not sent"));
}

TEST_F(ManagedStreamTest, AnAbandonedStreamNeverBegins) {
  stream_->Watch();
  stream_->Start([](bool) {});
  stream_->Abandon();
  world_.Publish();
  world_.OnSerializer([] {});
  EXPECT_EQ(transport_.size(), 0u);
  EXPECT_EQ(world_.in_flight(), 0u);
}

TEST_F(ManagedStreamTest, AnAbandonedStreamIsCancelled) {
  world_.Publish();
  const auto stream = Open();
  stream_->Abandon();
  stream_ = nullptr;
  EXPECT_TRUE(stream->cancelled);
  stream->End(End(kCancelled));
  EXPECT_EQ(world_.in_flight(), 0u);
}

TEST_F(ManagedStreamTest, NoStreamBeginsWhenTheMeshIsGone) {
  world_.Publish();
  transport_.Leave();
  WatchEnds();
  stream_->Watch();
  stream_->Start(OnSent("start"));
  EXPECT_THAT(Log(), ElementsAre("start not sent", "metadata none", "end 14 mesh was destroyed"));
  EXPECT_EQ(world_.in_flight(), 0u);
}

}  // namespace
}  // namespace mesh::call::testing
