#ifndef TESTS_INTEROP_CALLER_CALLER_H_
#define TESTS_INTEROP_CALLER_CALLER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/impl/channel_interface.h"
#include "mesh/mesh.h"

namespace mesh::interop {

// What a scripted call sends along.
struct CallScript {
  std::vector<std::pair<std::string, std::string>> metadata;
  bool hashed = false;  // by `key`
  std::string key;
};

struct CallResult {
  int status = 0;      // gRPC's code
  std::string server;  // the backend that answered, as it says; empty: none did
};

// Makes empty unary calls to services, each by name: on a mesh, or through a proxy. What hashes a
// call by its key differs: on a mesh it is a mesh::CallHash of the key's XXH64, through a proxy
// metadata `key`, of which the proxy makes that hash itself. Thread-compatible.
class Caller {
 public:
  // On the mesh that the environment's bootstrap describes: a service is `xds:///NAME`.
  static absl::StatusOr<std::unique_ptr<Caller>> OnMesh(Profile profile,
                                                        const std::string& local_cluster);
  // Through the proxy at `address`: a service is an authority.
  static std::unique_ptr<Caller> ThroughProxy(const std::string& address);

  // Waits, for some seconds at most, until calls to `service` would be served and nothing that is
  // under way would change how. Returns why not; empty: they would. Knows nothing of a proxy.
  std::string Settle(const std::string& service);

  // Makes one call for each script, at most `depth` at a time, all from this thread; results are in
  // the scripts' order.
  std::vector<CallResult> Call(const std::string& service, const std::vector<CallScript>& scripts,
                               size_t depth);

 private:
  Caller() = default;
  grpc::GenericStub* StubOf(const std::string& service);

  std::unique_ptr<Mesh> mesh_;                                       // null: through a proxy
  std::shared_ptr<grpc::ChannelInterface> proxy_;                    // null: on a mesh
  std::map<std::string, std::unique_ptr<grpc::GenericStub>> stubs_;  // by service
};

}  // namespace mesh::interop

#endif  // TESTS_INTEROP_CALLER_CALLER_H_
