#ifndef TESTS_CLUSTER_SUBSET_FIXTURE_H_
#define TESTS_CLUSTER_SUBSET_FIXTURE_H_

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mesh/model/load_balancing.h"
#include "mesh/model/metadata_match.h"
#include "tests/cluster/cluster_fixture.h"

namespace mesh::cluster {

// Clusters with subsets, and calls that name metadata. Connections are ready at once.
class SubsetTest : public ClusterTest {
 protected:
  using Fallback = model::SubsetSelection::Fallback;

  SubsetTest() { connector_.set_outcome(ConnectionState::kReady); }

  static model::EndpointConfig With(const std::string& address, model::MetadataFields metadata) {
    model::EndpointConfig endpoint{address};
    if (metadata.empty()) return endpoint;
    auto extras = std::make_shared<model::EndpointExtras>();
    extras->metadata = std::move(metadata);
    endpoint.extras = std::move(extras);
    return endpoint;
  }
  static model::Cluster WithSubsets(const model::SubsetSelection& selection) {
    model::Cluster cluster;
    cluster.subsets = std::make_shared<const model::SubsetSelection>(selection);
    return cluster;
  }
  void Serve(const std::vector<TestLocality>& localities, const model::SubsetSelection& selection) {
    Apply(Config(localities, WithSubsets(selection)));
    Connect();
  }
  void Serve(const std::vector<model::EndpointConfig>& endpoints,
             const model::SubsetSelection& selection) {
    Serve(std::vector<TestLocality>{{"a", endpoints}}, selection);
  }

  // The address, `waits`, or the text of the failure.
  std::string TextOf(const model::MetadataMatch* match) {
    PickRequest request;
    request.metadata = match;
    const PickResult result = Pick(request);
    if (const auto* picked = std::get_if<Picked>(&result)) {
      return picked->permit.endpoint()->address();
    }
    if (const auto* failed = std::get_if<Failed>(&result)) {
      return std::string(failed->status.message());
    }
    return "waits";
  }
  std::string PickTextOf(model::MetadataFields fields) {
    const model::MetadataMatch match(std::move(fields));
    return TextOf(&match);
  }
  // The same, but `fails` for each failure.
  std::string OutcomeOf(const model::MetadataMatch& match) {
    PickRequest request;
    request.metadata = &match;
    return std::holds_alternative<Failed>(Pick(request)) ? "fails" : TextOf(&match);
  }
  std::string Outcome(model::MetadataFields fields) {
    return OutcomeOf(model::MetadataMatch(std::move(fields)));
  }
  // Who takes such calls once what they need is connected.
  std::vector<std::string> PicksOfMatch(const model::MetadataMatch* match) {
    // A call may ask for one thing after the other.
    for (int i = 0; i < 40 && TextOf(match) == "waits"; ++i) Settle();
    std::set<std::string> addresses;
    for (int i = 0; i < 100; ++i) addresses.insert(TextOf(match));
    return std::vector<std::string>(addresses.begin(), addresses.end());
  }
  std::vector<std::string> PicksOf(model::MetadataFields fields) {
    const model::MetadataMatch match(std::move(fields));
    return PicksOfMatch(&match);
  }
  std::vector<std::string> PicksOfNothing() { return PicksOfMatch(nullptr); }
};

}  // namespace mesh::cluster

#endif  // TESTS_CLUSTER_SUBSET_FIXTURE_H_
