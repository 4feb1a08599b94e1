#ifndef MESH_CALL_EXCHANGE_H_
#define MESH_CALL_EXCHANGE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/wire/connection.h"

namespace mesh::call {

// The seam beneath attempts: one unary exchange of bytes with one server. It knows no gRPC type,
// so that what runs attempts (retries, held calls) can run over any transport.

using Metadata = std::vector<std::pair<std::string, std::string>>;

// What an attempt sends, beside what the call as a whole sends (its own metadata, credentials,
// compression), which the transport of the call knows. A value.
struct ExchangeRequest {
  std::string path;                              // `/package.Service/Method`
  absl::Cord body;                               // shares the message's memory
  Metadata metadata;                             // of this attempt, in addition
  std::string authority;                         // empty: the connection's
  absl::Time deadline = absl::InfiniteFuture();  // on the mesh's clock
};

// What came of it. A value.
struct ExchangeResponse {
  int code = 0;         // gRPC's; 0 is OK
  std::string message;  // why not
  std::string details;  // binary (google.rpc.Status)
  std::string debug_text;
  absl::Cord body;                    // if OK
  bool has_initial_metadata = false;  // the server has committed to the attempt (gRFC A6)
  Metadata initial_metadata;
  Metadata trailing_metadata;
  bool delivered = true;  // false: certainly never given to a transport, hence not processed
  std::string peer;       // `ipv4:10.0.0.1:8080`; empty if unknown
};

// What a call ends with that no transport took, with that gRPC code.
ExchangeResponse UndeliveredResponse(int code, std::string message);
// The same for what a cluster has no room for, or wants to fail: with the metadata that says so
// (`x-envoy-overloaded`) if a limit is reached.
ExchangeResponse DroppedResponse(std::string message, bool overloaded);
// The metadata of that.
Metadata OverloadedMetadata();
// The same of an attempt that cannot begin because its mesh is gone.
ExchangeResponse GoneResponse();

// An attempt in flight. Dropping it leaves it in flight. Thread-safe.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // Ends it soon with CANCELLED, if nothing else has ended it.
  virtual void Cancel() = 0;
};

// Makes the attempts of one call. It must outlive them. Thread-safe.
class Transport {
 public:
  using OnDone = absl::AnyInvocable<void(ExchangeResponse)>;

  virtual ~Transport() = default;

  // `on_done` runs exactly once, under no lock, never inside Start() or Cancel(); but null is
  // returned, and `on_done` does not run, if the mesh is gone.
  virtual std::shared_ptr<Exchange> Start(ExchangeRequest request, wire::Connection& connection,
                                          OnDone on_done) = 0;

  // The same for a caller that may block.
  virtual ExchangeResponse Run(ExchangeRequest request, wire::Connection& connection);
};

}  // namespace mesh::call

#endif  // MESH_CALL_EXCHANGE_H_
