// Who watches, and what each hears.

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/xds/xds_client_fixture.h"

namespace mesh::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ResourceWatchTest : public XdsClientTest {
 protected:
  ResourceWatchTest() { Start(); }

  TextWatcher a_, b_, c_, d_;
};

// XDS-23
TEST_F(ResourceWatchTest, WatchersOfOneResourceShareASubscription) {
  Watch(listener_, "a", &a_);
  Watch(listener_, "a", &b_);
  EXPECT_THAT(Requests(), ElementsAre("Listener V= N= [a] node"));
  Respond(listener_, "1", "n1", {"a=x"});
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
  EXPECT_THAT(b_.Take(), ElementsAre("value x"));
  Requests();
  Watch(listener_, "a", &c_);
  EXPECT_THAT(c_.Take(), ElementsAre("value x"));
  EXPECT_THAT(a_.Take(), IsEmpty());
  Unwatch(&a_);
  Unwatch(&b_);
  EXPECT_THAT(Requests(), IsEmpty());
  Respond(listener_, "2", "n2", {"a=y"});
  EXPECT_THAT(c_.Take(), ElementsAre("value y"));
  EXPECT_THAT(a_.Take(), IsEmpty());
}

TEST_F(ResourceWatchTest, AWatcherIsNeverCalledInsideWatch) {
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=x"});
  On([&] {
    b_.subscription = client_->Watch(&listener_, "a", &b_);
    EXPECT_THAT(b_.Take(), IsEmpty());
  });
  EXPECT_THAT(b_.Take(), ElementsAre("value x"));
}

TEST_F(ResourceWatchTest, AnUpdateInTheTurnOfTheWatchIsHeardOnce) {
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=x"});
  On([&] {
    b_.subscription = client_->Watch(&listener_, "a", &b_);
    stream()->Deliver(Response(listener_, "2", "n2", {"a=y"}).SerializeAsString());
  });
  EXPECT_THAT(b_.Take(), ElementsAre("value y"));
}

// XDS-24
TEST_F(ResourceWatchTest, ANewWatcherHearsOfErrorsAndAbsenceAtOnce) {
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=bad"});
  Watch(listener_, "a", &b_);
  EXPECT_EQ(b_.Take(), a_.Take());
  Respond(listener_, "2", "n2", {"a=x"});
  Respond(listener_, "3", "n3", {"a=bad"});
  a_.Take();
  Watch(listener_, "a", &c_);
  EXPECT_THAT(c_.Take(), ElementsAre("value x",
                                     "ambient Listener \"a\": rejected: value: bad (node \"n\", "
                                     "control plane \"dns:///x\")"));
  Respond(listener_, "4", "n4", {});
  Watch(listener_, "a", &d_);
  EXPECT_THAT(d_.Take(), ElementsAre("error Listener \"a\": does not exist (node \"n\", control "
                                     "plane \"dns:///x\")"));
}

// XDS-25
TEST_F(ResourceWatchTest, NothingMoreIsReadUntilAllWatchersAreDone) {
  Watch(listener_, "a", &a_);
  Watch(listener_, "b", &b_);
  a_.keep_holds = b_.keep_holds = true;
  Requests();
  Respond(listener_, "1", "n1", {"a=x", "b=y"});
  EXPECT_EQ(Requests().size(), 1u);  // it is acknowledged all the same
  EXPECT_FALSE(stream()->reading());
  On([&] { a_.holds.clear(); });
  EXPECT_FALSE(stream()->reading());
  On([&] { b_.holds.clear(); });
  EXPECT_TRUE(stream()->reading());
}

// XDS-25
TEST_F(ResourceWatchTest, AHoldOfAnOldStreamHoldsNothingBack) {
  Watch(listener_, "a", &a_);
  a_.keep_holds = true;
  Respond(listener_, "1", "n1", {"a=x"});
  Close(absl::OkStatus());
  EXPECT_TRUE(stream()->reading());
  On([&] { a_.holds.clear(); });
  EXPECT_TRUE(stream()->reading());
}

TEST_F(ResourceWatchTest, AResponseThatTellsNobodyAnythingHoldsNothingBack) {
  Watch(listener_, "a", &a_);
  a_.keep_holds = true;
  Respond(listener_, "1", "n1", {"a=x"});
  On([&] { a_.holds.clear(); });
  Respond(listener_, "2", "n2", {"a=x"});
  EXPECT_TRUE(stream()->reading());
}

// XDS-26
TEST_F(ResourceWatchTest, AWatcherMayAddAndDropWatchesInsideItsCalls) {
  Watch(listener_, "a", &a_);
  Watch(listener_, "a", &b_);
  Requests();
  a_.on_event = [&] {
    a_.on_event = nullptr;
    b_.subscription = nullptr;  // who was to be told next
    c_.subscription = client_->Watch(&listener_, "a", &c_);
    d_.subscription = client_->Watch(&route_, "r", &d_);
    a_.subscription = nullptr;
  };
  Respond(listener_, "1", "n1", {"a=x"});
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
  EXPECT_THAT(b_.Take(), IsEmpty());
  EXPECT_THAT(c_.Take(), ElementsAre("value x"));
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N=n1 [a]", "RouteConfiguration V= N= [r]"));
}

// XDS-26
TEST_F(ResourceWatchTest, AWatcherThatLeavesOnItsValueHearsNoMore) {
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=x"});
  Respond(listener_, "2", "n2", {"a=bad"});
  b_.on_event = [&] { b_.subscription = nullptr; };
  Watch(listener_, "a", &b_);  // would hear of the value, and of what is wrong
  EXPECT_THAT(b_.Take(), ElementsAre("value x"));
}

TEST_F(ResourceWatchTest, WhatAWatcherAddsGoesWithTheAnswer) {
  Watch(listener_, "a", &a_);
  Requests();
  a_.on_event = [&] {
    a_.on_event = nullptr;
    b_.subscription = client_->Watch(&listener_, "b", &b_);
  };
  Respond(listener_, "1", "n1", {"a=x"});
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N=n1 [a b]"));
}

// XDS-27
TEST_F(ResourceWatchTest, StatesAreThoseOfClientStatus) {
  status_changes_ = 0;
  Watch(listener_, "a", &a_);
  EXPECT_THAT(States(), ElementsAre("Listener a REQUESTED"));
  EXPECT_EQ(status_changes_, 1);
  Respond(listener_, "1", "n1", {"a=x"});
  EXPECT_THAT(States(), ElementsAre("Listener a ACKED 1"));
  EXPECT_EQ(status_changes_, 2);
  Respond(listener_, "2", "n2", {"a=bad"});
  EXPECT_THAT(States(), ElementsAre("Listener a NACKED 1 failed=2"));
  EXPECT_EQ(client_->resources()[0].error.message(),
            "Listener \"a\": rejected: value: bad (node \"n\", control plane \"dns:///x\")");
  Respond(listener_, "3", "n3", {"a=x"});
  EXPECT_THAT(States(), ElementsAre("Listener a ACKED 3"));
  EXPECT_TRUE(client_->resources()[0].error.ok());
  Respond(listener_, "4", "n4", {});
  EXPECT_THAT(States(), ElementsAre("Listener a DOES_NOT_EXIST"));
  Unwatch(&a_);
  EXPECT_THAT(States(), IsEmpty());
  // TIMEOUT and RECEIVED_ERROR: resource_absence_test.
}

// XDS-28: what the client does for make-before-break is to forget nothing that is watched.
TEST_F(ResourceWatchTest, TheOldResourceIsHeldWhileTheNewOneIsOutstanding) {
  TextResourceType cluster("type.googleapis.com/envoy.config.cluster.v3.Cluster", true);
  Watch(cluster, "old", &a_);
  Respond(cluster, "1", "n1", {"old=x"});
  Watch(cluster, "new", &b_);
  Respond(cluster, "1", "n2", {"old=x"});
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
  EXPECT_THAT(b_.Take(), IsEmpty());
  Respond(cluster, "2", "n3", {"old=x", "new=y"});
  EXPECT_THAT(b_.Take(), ElementsAre("value y"));
  EXPECT_THAT(a_.Take(), IsEmpty());
  Unwatch(&a_);
  Unwatch(&b_);
}

TEST_F(ResourceWatchTest, AnUnchangedResourceIsNotDecodedAndNotTold) {
  Watch(listener_, "a", &a_);
  Watch(listener_, "b", &b_);
  Respond(listener_, "1", "n1", {"a=x", "b=y"});
  a_.Take();
  b_.Take();
  const size_t decoded = listener_.decoded();
  Respond(listener_, "2", "n2", {"a=x", "b=z", "c=unrequested"});
  EXPECT_EQ(listener_.decoded(), decoded + 2);
  EXPECT_THAT(a_.Take(), IsEmpty());
  EXPECT_THAT(b_.Take(), ElementsAre("value z"));
  Respond(listener_, "3", "n3", {"a=x", "b=z", "c=unrequested"});
  EXPECT_EQ(listener_.decoded(), decoded + 2);
  EXPECT_THAT(States(), ElementsAre("Listener a ACKED 3", "Listener b ACKED 3"));
}

TEST_F(ResourceWatchTest, TheSamePointerIsTheSameValue) {
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=x"});
  a_.Take();
  Respond(listener_, "2", "n2", {"a=same"});  // other bytes, as the decoder says the same value
  EXPECT_THAT(a_.Take(), IsEmpty());
  Respond(listener_, "3", "n3", {"a=bad"});
  a_.Take();
  Respond(listener_, "4", "n4", {"a=same 2"});
  EXPECT_THAT(a_.Take(), ElementsAre("ambient ok"));
}

}  // namespace
}  // namespace mesh::testing
