#include "tests/testing/orca_service.h"

#include <deque>
#include <utility>

#include "absl/time/time.h"
#include "mesh/base/clock.h"
#include "mesh/wire/byte_buffer.h"
#include "tests/testing/orca.pb.h"

namespace mesh::testing {
namespace {

constexpr char kMethod[] = "/xds.service.orca.v3.OpenRcaService/StreamCoreMetrics";

}  // namespace

// Its methods are called under the service's lock, but for gRPC's.
class OrcaService::Stream final : public grpc::ServerGenericBidiReactor {
 public:
  Stream(OrcaService* service, grpc::GenericCallbackServerContext* call)
      : service_(service), call_(call) {
    StartRead(&request_);
  }

  void Send(const std::string& report) {
    if (report.empty() || over_ || !was_asked_) return;
    unsent_.push_back(report);
    if (unsent_.size() == 1) SendNext();
  }
  // The analysis does not see that the lock is the service's.
  void End(const grpc::Status& status) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (std::exchange(over_, true)) return;
    service_->streams_.erase(this);
    service_->changed_.SignalAll();
    Finish(status);
  }

  void OnReadDone(bool ok) override {
    MutexLock lock(&service_->mutex_);
    if (!ok) return End(grpc::Status::CANCELLED);
    service_->asked_.push_back({wire::ToBytes(request_), call_->host()});
    was_asked_ = true;
    if (call_->method() != kMethod) return End({grpc::StatusCode::UNIMPLEMENTED, "not there"});
    if (!service_->end_.ok()) return End(service_->end_);
    if (over_) return;
    service_->streams_.insert(this);
    service_->changed_.SignalAll();
    Send(service_->report_);
  }
  void OnWriteDone(bool ok) override {
    MutexLock lock(&service_->mutex_);
    unsent_.pop_front();
    if (!ok) return End(grpc::Status::CANCELLED);
    if (!unsent_.empty() && !over_) SendNext();
  }
  void OnCancel() override {
    MutexLock lock(&service_->mutex_);
    End(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

 private:
  void SendNext() {
    message_ = wire::ToByteBuffer(unsent_.front());
    StartWrite(&message_);
  }

  OrcaService* const service_;
  grpc::GenericCallbackServerContext* const call_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer message_;
  std::deque<std::string> unsent_;  // the first is being sent
  bool was_asked_ = false;
  bool over_ = false;
};

OrcaService::OrcaService() = default;
OrcaService::~OrcaService() = default;

void OrcaService::SetReport(const std::string& report) {
  MutexLock lock(&mutex_);
  report_ = report;
  for (Stream* stream : streams_) stream->Send(report_);
}

void OrcaService::SetUtilization(double utilization) {
  OrcaLoadReport report;
  report.set_rps_fractional(10);
  report.set_application_utilization(utilization);
  SetReport(report.SerializeAsString());
}

void OrcaService::End(const grpc::Status& status) {
  MutexLock lock(&mutex_);
  end_ = status;
  while (!streams_.empty()) (*streams_.begin())->End(status);
}

size_t OrcaService::open() {
  MutexLock lock(&mutex_);
  return streams_.size();
}

bool OrcaService::HasStreams(size_t count) {
  const SteadyClock clock;
  const absl::Time end = clock.Now() + absl::Seconds(10);
  MutexLock lock(&mutex_);
  while (streams_.size() != count) {
    const absl::Duration left = end - clock.Now();
    if (left <= absl::ZeroDuration()) return false;
    changed_.WaitFor(&mutex_, left);
  }
  return true;
}

std::vector<OrcaService::Asked> OrcaService::asked() {
  MutexLock lock(&mutex_);
  return asked_;
}

grpc::ServerGenericBidiReactor* OrcaService::CreateReactor(
    grpc::GenericCallbackServerContext* call) {
  return new Stream(this, call);
}

}  // namespace mesh::testing
