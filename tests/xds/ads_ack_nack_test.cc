// The conversation on one stream: versions, nonces, ACK, NACK, subscriptions.

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/xds/xds_client_fixture.h"

namespace mesh::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AdsAckNackTest : public XdsClientTest {
 protected:
  AdsAckNackTest() { Start(); }

  TextWatcher a_, b_, c_;
};

// XDS-01
TEST_F(AdsAckNackTest, OnlyTheFirstRequestOfAStreamCarriesTheNode) {
  On([&] {
    a_.subscription = client_->Watch(&listener_, "a", &a_);
    b_.subscription = client_->Watch(&route_, "b", &b_);
  });
  EXPECT_EQ(stream()->method(),
            "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources");
  EXPECT_THAT(Requests(), ElementsAre("Listener V= N= [a] node", "RouteConfiguration V= N= [b]"));
}

TEST_F(AdsAckNackTest, TheNodeSaysWhoWeAre) {
  Stop();
  options_.bootstrap.node.cluster = "c";
  options_.bootstrap.node.zone = "z";
  options_.client_features = {"envoy.lb.does_not_support_overprovisioning"};
  Start();
  Watch(listener_, "a", &a_);
  xds::discovery::DiscoveryRequest request;
  ASSERT_TRUE(request.ParseFromString(stream()->TakeSent()));
  const auto& node = request.node();
  EXPECT_EQ(node.id(), "n");
  EXPECT_EQ(node.cluster(), "c");
  EXPECT_EQ(node.locality().zone(), "z");
  EXPECT_EQ(node.user_agent_name(), "mesh");
  EXPECT_EQ(node.user_agent_version(), "1.2");
  EXPECT_THAT(node.client_features(), ElementsAre("envoy.lb.does_not_support_overprovisioning",
                                                  "xds.config.resource-in-sotw"));
}

// XDS-02, XDS-03, XDS-04
TEST_F(AdsAckNackTest, VersionFollowsWhatWasAcceptedAndNonceWhatWasReceived) {
  Watch(listener_, "a", &a_);
  Requests();
  Respond(listener_, "1", "n1", {"a=x"});
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N=n1 [a]"));
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));

  Respond(listener_, "2", "n2", {"a=bad"});
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N=n2 [a] NACK: 1 of 1 resources rejected: "
                                      "Listener \"a\": value: bad"));
  EXPECT_THAT(a_.Take(), ElementsAre("ambient Listener \"a\": rejected: value: bad (node \"n\", "
                                     "control plane \"dns:///x\")"));

  Respond(listener_, "3", "n3", {"a=y"});
  EXPECT_THAT(Requests(), ElementsAre("Listener V=3 N=n3 [a]"));
  EXPECT_THAT(a_.Take(), ElementsAre("value y"));
}

// XDS-05
TEST_F(AdsAckNackTest, ABadFirstResponseIsRejectedWithoutAVersion) {
  Watch(listener_, "a", &a_);
  Requests();
  Respond(listener_, "1", "n1", {"a=bad"});
  EXPECT_THAT(Requests(), ElementsAre("Listener V= N=n1 [a] NACK: 1 of 1 resources rejected: "
                                      "Listener \"a\": value: bad"));
  EXPECT_THAT(a_.Take(), ElementsAre("error Listener \"a\": rejected: value: bad (node \"n\", "
                                     "control plane \"dns:///x\")"));
}

// XDS-06
TEST_F(AdsAckNackTest, WhatIsRejectedAgainAndAgainIsDecodedToldAndLoggedOnce) {
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n", {"a=x"});
  Requests();
  a_.Take();
  const size_t decoded = listener_.decoded();
  log_.clear();
  for (int i = 0; i < 1000; ++i) {
    Respond(listener_, "2", absl::StrCat("n", i), {"a=bad"});
    EXPECT_THAT(Requests(), ElementsAre(absl::StrCat("Listener V=1 N=n", i,
                                                     " [a] NACK: 1 of 1 resources rejected: "
                                                     "Listener \"a\": value: bad")));
  }
  EXPECT_EQ(listener_.decoded(), decoded + 1);
  EXPECT_EQ(a_.Take().size(), 1u);
  EXPECT_EQ(log_.size(), 1u);

  Advance(absl::Seconds(1));
  Respond(listener_, "2", "n", {"a=bad"});
  EXPECT_EQ(log_.size(), 2u);
  EXPECT_THAT(log_.back(), ::testing::EndsWith("(999 more left out)"));

  // Other bytes are looked at, but who was told of this error already is not told again.
  Respond(listener_, "3", "n", {"a=bad"});
  Respond(listener_, "3", "n", {"a=bad 2"});
  EXPECT_EQ(listener_.decoded(), decoded + 2);
  EXPECT_EQ(a_.Take().size(), 1u);
  Respond(listener_, "4", "n", {"a=y"});
  EXPECT_THAT(a_.Take(), ElementsAre("value y"));
}

// XDS-07
TEST_F(AdsAckNackTest, ANewSubscriptionCarriesTheLastVersionAndNonce) {
  Watch(listener_, "a", &a_);
  Watch(listener_, "b", &b_);  // nothing was received yet
  EXPECT_THAT(Requests(), ElementsAre("Listener V= N= [a] node", "Listener V= N= [a b]"));
  Respond(listener_, "1", "n1", {"a=x"});
  Respond(listener_, "2", "n2", {"a=bad"});
  Requests();
  Watch(listener_, "c", &c_);
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N=n2 [a b c]"));
}

// XDS-08: a server ignores what answers an older response than its last; the client answers each
// in turn, and what it says never goes back.
TEST_F(AdsAckNackTest, ResponsesThatCrossRequestsAreAnsweredInTurn) {
  Watch(listener_, "a", &a_);
  Watch(listener_, "b", &b_);
  Requests();
  Respond(listener_, "1", "n1", {"a=x"});  // to the first request
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N=n1 [a b]"));
  Respond(listener_, "1", "n2", {"a=x", "b=y"});  // to the second
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N=n2 [a b]"));
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
  EXPECT_THAT(b_.Take(), ElementsAre("value y"));
}

// XDS-09
TEST_F(AdsAckNackTest, ATypeWithoutSubscriptionsIsUnsubscribedAndItsVersionForgotten) {
  Watch(route_, "r", &b_);
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=x"});
  Requests();
  Unwatch(&a_);
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N=n1 []"));
  Watch(listener_, "a", &a_);
  EXPECT_THAT(Requests(), ElementsAre("Listener V= N=n1 [a]"));
}

// XDS-09
TEST_F(AdsAckNackTest, TheStreamEndsWithTheLastSubscriptionAndBeginsAfresh) {
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=x"});
  Unwatch(&a_);
  EXPECT_FALSE(stream()->open());
  EXPECT_THAT(States(), IsEmpty());
  Watch(listener_, "a", &a_);
  EXPECT_EQ(transports_.streams().size(), 2u);
  EXPECT_THAT(Requests(), ElementsAre("Listener V= N= [a] node"));
}

TEST_F(AdsAckNackTest, AnAnswerToATypeJustUnsubscribedIsAcknowledgedAndForgotten) {
  Watch(route_, "r", &b_);
  Watch(listener_, "a", &a_);
  Unwatch(&a_);
  Requests();
  Respond(listener_, "1", "n1", {"a=x"});
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N=n1 []"));
  EXPECT_THAT(a_.Take(), IsEmpty());
  Watch(listener_, "a", &a_);
  EXPECT_THAT(Requests(), ElementsAre("Listener V= N=n1 [a]"));
}

// XDS-11
TEST_F(AdsAckNackTest, ResourcesThatNobodyAskedForAreIgnored) {
  Watch(listener_, "a", &a_);
  Requests();
  Respond(listener_, "1", "n1", {"a=x", "z=1"});
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N=n1 [a]"));
  EXPECT_THAT(States(), ElementsAre("Listener a ACKED 1"));
  // Once somebody asks, it is there when the server sends it.
  Watch(listener_, "z", &b_);
  Respond(listener_, "1", "n2", {"a=x", "z=1"});
  EXPECT_THAT(b_.Take(), ElementsAre("value 1"));
}

// XDS-12
TEST_F(AdsAckNackTest, WhatIsGoodInABadResponseIsApplied) {
  Watch(listener_, "a", &a_);
  Watch(listener_, "b", &b_);
  Watch(listener_, "c", &c_);
  Requests();
  Respond(listener_, "1", "n1", {"a=bad 1", "b=y", "c=bad 2"});
  EXPECT_THAT(Requests(), ElementsAre("Listener V= N=n1 [a b c] NACK: 2 of 3 resources rejected: "
                                      "Listener \"a\": value: bad 1; "
                                      "Listener \"c\": value: bad 2"));
  EXPECT_THAT(b_.Take(), ElementsAre("value y"));
  EXPECT_THAT(States(), ElementsAre("Listener a NACKED failed=1", "Listener b ACKED 1",
                                    "Listener c NACKED failed=1"));
}

// XDS-13
TEST_F(AdsAckNackTest, AResponseWithAResourceTwiceIsRejected) {
  Watch(listener_, "a", &a_);
  Requests();
  Respond(listener_, "1", "n1", {"a=x", "a=y"});
  EXPECT_THAT(Requests(), ElementsAre("Listener V= N=n1 [a] NACK: 1 of 2 resources rejected: "
                                      "Listener \"a\": comes twice"));
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
}

// XDS-21
TEST_F(AdsAckNackTest, ABadResourceWithoutANameIsRejectedByItsIndex) {
  Watch(listener_, "a", &a_);
  Requests();
  auto response = Response(listener_, "1", "n1", {"a=x", "nothing"});
  auto* other = response.add_resources();
  other->set_type_url("type.googleapis.com/other");
  other->set_value("a=z");
  Deliver(response);
  EXPECT_THAT(Requests(),
              ElementsAre("Listener V= N=n1 [a] NACK: 2 of 3 resources rejected: resources[1]: no "
                          "`=`; resources[2]: type \"type.googleapis.com/other\" in a response of "
                          "another type"));
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
}

TEST_F(AdsAckNackTest, AResponseWithABadResourceWithoutANameDeletesNothing) {
  Watch(listener_, "a", &a_);
  Respond(listener_, "1", "n1", {"a=x"});
  Respond(listener_, "2", "n2", {"nothing"});  // it may be `a`
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
}

// XDS-22
TEST_F(AdsAckNackTest, AResponseOfAnUnknownTypeIsNotAnswered) {
  Watch(listener_, "a", &a_);
  Requests();
  Respond(route_, "1", "n1", {"r=x"});
  EXPECT_THAT(Requests(), IsEmpty());
  EXPECT_EQ(log_.size(), 1u);
  Respond(listener_, "1", "n2", {"a=x"});
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
}

// XDS-29: a request without names asks for everything only if it is the first of its type, which
// the client therefore never sends; `*` is a name like others.
TEST_F(AdsAckNackTest, TheClientNeverAsksForEverythingUnlessToldTo) {
  On([&] {
    a_.subscription = client_->Watch(&listener_, "a", &a_);
    a_.subscription = nullptr;
    b_.subscription = client_->Watch(&route_, "*", &b_);
  });
  EXPECT_THAT(Requests(), ElementsAre("RouteConfiguration V= N= [*] node"));
  Watch(route_, "r", &c_);
  EXPECT_THAT(Requests(), ElementsAre("RouteConfiguration V= N= [* r]"));
}

TEST_F(AdsAckNackTest, WhatChangesInOneTurnIsOneRequest) {
  On([&] {
    a_.subscription = client_->Watch(&listener_, "a", &a_);
    b_.subscription = client_->Watch(&listener_, "b", &b_);
    c_.subscription = client_->Watch(&listener_, "c", &c_);
    b_.subscription = nullptr;
  });
  EXPECT_THAT(Requests(), ElementsAre("Listener V= N= [a c] node"));
  Respond(listener_, "1", "n1", {"a=x", "c=z"});
  Requests();
  a_.Take();
  On([&] {
    a_.subscription = nullptr;
    a_.subscription = client_->Watch(&listener_, "a", &a_);
  });
  EXPECT_THAT(Requests(), IsEmpty());
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
}

TEST_F(AdsAckNackTest, AResourceInAWrapperIsUnwrapped) {
  Watch(listener_, "a", &a_);
  Watch(listener_, "b", &b_);
  Requests();
  auto response = Response(listener_, "1", "n1", {"b=y"});
  xds::discovery::Resource wrapper;
  wrapper.set_name("a");
  wrapper.mutable_resource()->set_type_url(std::string(listener_.type_url()));
  wrapper.mutable_resource()->set_value("a=x");
  auto* any = response.add_resources();
  any->set_type_url("type.googleapis.com/envoy.service.discovery.v3.Resource");
  any->set_value(wrapper.SerializeAsString());
  Deliver(response);
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N=n1 [a b]"));
  EXPECT_THAT(a_.Take(), ElementsAre("value x"));
  EXPECT_THAT(b_.Take(), ElementsAre("value y"));

  // What cannot be decoded has at least the wrapper's name.
  wrapper.mutable_resource()->set_value("nothing");
  response.mutable_resources(1)->set_value(wrapper.SerializeAsString());
  response.set_nonce("n2");
  Deliver(response);
  EXPECT_THAT(Requests(), ElementsAre("Listener V=1 N=n2 [a b] NACK: 1 of 2 resources rejected: "
                                      "Listener \"a\": no `=`"));
}

TEST_F(AdsAckNackTest, ARejectionOfVeryManyResourcesStaysSmallEnoughToSend) {
  Watch(listener_, "a", &a_);
  Requests();
  const std::string cause(1000, 'x');
  Texts resources;
  for (int i = 0; i < 30000; ++i) resources.push_back(absl::StrCat("listener-", i, "=bad", cause));
  Respond(listener_, "1", "n1", resources);
  Texts requests = Requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_THAT(requests[0], ::testing::HasSubstr("Listener \"listener-29999\""));  // names, all
  EXPECT_LT(requests[0].size(), 1100000u);

  for (int i = 30000; i < 60000; ++i) resources.push_back(absl::StrCat("listener-", i, "=bad"));
  Respond(listener_, "1", "n2", resources);
  requests = Requests();
  EXPECT_THAT(requests[0], ::testing::HasSubstr("60000 of 60000 resources rejected: "));
  EXPECT_THAT(requests[0], ::testing::EndsWith(" more"));
  EXPECT_LT(requests[0].size(), 1100000u);
}

TEST_F(AdsAckNackTest, ErrorTextThatIsNotTextDoesNotBreakTheRequest) {
  Watch(listener_, "a", &a_);
  Requests();
  Respond(listener_, "1", "n1", {"a=bad \xff\n"});
  EXPECT_THAT(Requests(), ElementsAre("Listener V= N=n1 [a] NACK: 1 of 1 resources rejected: "
                                      "Listener \"a\": value: bad ??"));
}

}  // namespace
}  // namespace mesh::testing
