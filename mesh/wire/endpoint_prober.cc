#include "mesh/wire/endpoint_prober.h"

#include <utility>
#include <variant>

namespace mesh::wire {

std::unique_ptr<Probe> EndpointProber::Start(const ProbeRequest& request, OnDone done) {
  if (std::holds_alternative<model::HealthCheck::Grpc>(request.check->kind)) {
    return grpc_.Start(request, std::move(done));
  }
  return sockets_.Start(request, std::move(done));
}

}  // namespace mesh::wire
