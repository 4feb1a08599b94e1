#ifndef TESTS_INTEROP_XDS_INTEROP_CLIENT_CLIENT_OPTIONS_H_
#define TESTS_INTEROP_XDS_INTEROP_CLIENT_CLIENT_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/interop/xds_interop_client/call_plan.h"

namespace mesh::interop {

// What the client was asked to do. A value.
struct ClientOptions {
  std::string server;  // target
  double qps = 1;      // ticks a second
  int stats_port = 8081;
  bool print_response = false;
  CallPlan plan;  // one UnaryCall, unless --rpc says otherwise
};

// Reads the arguments after the program's name: --server, --qps, --stats_port, --print_response,
// --rpc=EmptyCall,UnaryCall, --metadata=EmptyCall:key:value,..., --rpc_timeout_sec. One or two
// dashes. Errors name the argument.
absl::StatusOr<ClientOptions> ParseClientOptions(const std::vector<std::string>& arguments);

}  // namespace mesh::interop

#endif  // TESTS_INTEROP_XDS_INTEROP_CLIENT_CLIENT_OPTIONS_H_
