#include "mesh/call/exchange.h"

#include <optional>

#include "absl/base/thread_annotations.h"
#include "mesh/base/mutex.h"

namespace mesh::call {
namespace {

// What Run waits for. Thread-safe.
struct Answer {
  Mutex mutex;
  CondVar came;
  std::optional<ExchangeResponse> response ABSL_GUARDED_BY(mutex);
};

}  // namespace

ExchangeResponse Transport::Run(ExchangeRequest request, wire::Connection& connection) {
  // Shared: the caller may be gone before the other thread has let go of it.
  const auto answer = std::make_shared<Answer>();
  const std::shared_ptr<Exchange> exchange =
      Start(std::move(request), connection, [answer](ExchangeResponse response) {
        MutexLock lock(&answer->mutex);
        answer->response = std::move(response);
        answer->came.Signal();
      });
  if (exchange == nullptr) return GoneResponse();
  MutexLock lock(&answer->mutex);
  while (!answer->response.has_value()) answer->came.Wait(&answer->mutex);
  return *std::move(answer->response);
}

ExchangeResponse UndeliveredResponse(int code, std::string message) {
  ExchangeResponse response;
  response.code = code;
  response.message = std::move(message);
  response.delivered = false;
  return response;
}

Metadata OverloadedMetadata() { return {{"x-envoy-overloaded", "true"}}; }

ExchangeResponse DroppedResponse(std::string message, bool overloaded) {
  ExchangeResponse response = UndeliveredResponse(/*UNAVAILABLE*/ 14, std::move(message));
  if (overloaded) response.trailing_metadata = OverloadedMetadata();
  return response;
}

ExchangeResponse GoneResponse() {
  return UndeliveredResponse(/*UNAVAILABLE*/ 14, "mesh was destroyed");
}

}  // namespace mesh::call
