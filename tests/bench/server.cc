// The other side of the benchmarks, a process of its own: a control plane and two echo backends.
// First it prints the control plane's address and that of backend `a`; then it obeys the lines of
// its standard input and answers each with one line.
//
//   service NAME CLUSTERS RETRY  listener, routes, clusters NAME-0, ... RETRY 1: on UNAVAILABLE;
//                                2: the same, and no limit of what a cluster has in flight
//   assign NAME CLUSTERS N       N endpoints in each cluster, all of them backend `a`
//   change NAME N I              another address for the I-th of the N endpoints of NAME-0
//   backends NAME A B            backends `a` and `b` in localities of those weights, in NAME-0
//   endpoints NAME ADDRESS...    those endpoints, which may be other processes', in NAME-0
//   subscribed                   waits until a client has asked for endpoints
//   acked                        waits until a client has accepted the last endpoints
//
// The answer of `assign`, `change`, `backends` and `endpoints` is the time at which the response
// was handed to gRPC, that of `acked` the time of the acceptance (nanoseconds of the steady clock);
// then the size of a cluster's endpoints in bytes.

#include <chrono>
#include <cstdio>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "tests/testing/ads_server.h"
#include "tests/testing/echo_server.h"
#include "tests/testing/xds_resources.h"

namespace {

using mesh::testing::AdsServer;
using mesh::testing::EchoServer;
using mesh::testing::ServiceResources;

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class Server {
 public:
  const std::string& control_plane() const { return ads_.address(); }
  std::string backend() const { return absl::StrCat("127.0.0.1:", Port(a_)); }

  std::string Obey(const std::string& line) {
    std::istringstream words(line);
    std::string what, name;
    int clusters = 1, count = 0, index = 0;
    words >> what >> name;
    if (what == "service" && words >> clusters >> index) return Serve(name, clusters, index);
    if (what == "assign" && words >> clusters >> count) {
      for (int i = 0; i < clusters; ++i) Set(name, i, {{"zone", 1, 0, Endpoints(count, -1)}});
      return Push();
    }
    if (what == "change" && words >> count >> index) {
      Set(name, 0, {{"zone", 1, 0, Endpoints(count, index)}});
      return Push();
    }
    if (what == "backends" && words >> count >> index) {
      Set(name, 0,
          {{"a", static_cast<uint32_t>(count), 0, {backend()}},
           {"b", static_cast<uint32_t>(index), 0, {absl::StrCat("127.0.0.1:", Port(b_))}}});
      return Push();
    }
    if (what == "endpoints") {
      std::vector<std::string> addresses;
      for (std::string address; words >> address;) addresses.push_back(address);
      Set(name, 0, {{"zone", 1, 0, addresses}});
      return Push();
    }
    if (what == "subscribed") return WaitForEndpointsRequest("");
    if (what == "acked") return WaitForEndpointsRequest(absl::StrCat(version_));
    return absl::StrCat("error: not a command: ", line);
  }

 private:
  static std::string Port(const EchoServer& server) {
    return server.address().substr(server.address().rfind(':') + 1);
  }

  static std::string Cluster(const std::string& name, int index) {
    return absl::StrCat(name, "-", index);
  }

  // What Istio says of a cluster of which nothing is said.
  static std::string WithoutLimits(const std::string& cluster_bytes) {
    mesh::xds::proto::Cluster cluster;
    cluster.ParseFromString(cluster_bytes);
    auto* const limits = cluster.mutable_circuit_breakers()->add_thresholds();
    constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
    for (auto* const limit :
         {limits->mutable_max_connections(), limits->mutable_max_requests(),
          limits->mutable_max_pending_requests(), limits->mutable_max_retries()}) {
      limit->set_value(kNone);
    }
    return cluster.SerializeAsString();
  }

  std::string Serve(const std::string& name, int clusters, int retry) {
    ServiceResources service;
    service.name = name;
    if (retry > 0) service.retry_on = "unavailable";
    for (int i = 0; i < clusters; ++i) {
      const std::string cluster = Cluster(name, i);
      service.cluster_weights[cluster] = 1;
      const std::string bytes = ServiceResources::ClusterBytes(cluster);
      ads_.Set(mesh::testing::kClusterType, cluster, retry == 2 ? WithoutLimits(bytes) : bytes);
    }
    ads_.Set(mesh::testing::kListenerType, name, service.ListenerBytes());
    ads_.Set(mesh::testing::kRouteConfigurationType, name, service.RouteConfigurationBytes());
    for (const char* type : {mesh::testing::kClusterType, mesh::testing::kListenerType,
                             mesh::testing::kRouteConfigurationType}) {
      ads_.Push(type);
    }
    return "ok";
  }

  // All of 127.0.0.0/8 is this machine, so that one backend can be any number of endpoints.
  std::vector<std::string> Endpoints(int count, int other) const {
    std::vector<std::string> addresses;
    const std::string port = Port(a_);
    for (int i = 1; i <= count; ++i) {
      const int block = 1 + (i >> 16) + (i - 1 == other ? 100 : 0);
      addresses.push_back(absl::StrCat("127.", block, ".", i >> 8 & 255, ".", i & 255, ":", port));
    }
    return addresses;
  }

  void Set(const std::string& name, int index,
           const std::vector<ServiceResources::Locality>& localities) {
    const std::string cluster = Cluster(name, index);
    std::string bytes = ServiceResources::AssignmentBytes(cluster, localities);
    size_ = bytes.size();
    ads_.Set(mesh::testing::kClusterLoadAssignmentType, cluster, std::move(bytes));
  }

  std::string Push() {
    ++version_;
    ads_.Push(mesh::testing::kClusterLoadAssignmentType);
    return absl::StrCat(Now(), " ", size_);
  }

  // The last request for endpoints has `version`; any version will do if it is empty.
  std::string WaitForEndpointsRequest(const std::string& version) {
    const bool came = ads_.WaitForRequests(
        [&](const std::vector<AdsServer::Request>& requests) {
          for (auto it = requests.rbegin(); it != requests.rend(); ++it) {
            if (it->type_url != mesh::testing::kClusterLoadAssignmentType) continue;
            return version.empty() || (it->version == version && it->error.empty());
          }
          return false;
        },
        absl::Seconds(60));
    if (!came) return "error: it did not come within a minute";
    return absl::StrCat(Now(), " ", size_);
  }

  EchoServer a_{"a", "0.0.0.0:0"};
  EchoServer b_{"b", "0.0.0.0:0"};
  AdsServer ads_;
  int version_ = 1;  // the control plane's of the endpoints: it counts like this
  size_t size_ = 0;
};

}  // namespace

int main() {
  Server server;
  std::printf("%s %s\n", server.control_plane().c_str(), server.backend().c_str());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    std::printf("%s\n", server.Obey(line).c_str());
    std::fflush(stdout);
  }
}
