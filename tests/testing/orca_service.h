#ifndef TESTS_TESTING_ORCA_SERVICE_H_
#define TESTS_TESTING_ORCA_SERVICE_H_

#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "grpcpp/generic/async_generic_service.h"
#include "mesh/base/mutex.h"

namespace mesh::testing {

// xds.service.orca.v3.OpenRcaService of a server that reports its load when a test says so, and
// once when it is asked. Other methods are not there. Outlives the server. Thread-safe.
class OrcaService final : public grpc::CallbackGenericService {
 public:
  OrcaService();
  ~OrcaService() override;

  // What is reported, the bytes of an OrcaLoadReport: at once on all streams, and first on those
  // that come. Empty: nothing yet.
  void SetReport(const std::string& report);
  // 10 queries a second, so much of the server in use.
  void SetUtilization(double utilization);
  // Ends all streams with that status, and those that come unless it is OK.
  void End(const grpc::Status& status);

  // How many streams there are.
  size_t open();
  // Whether there came to be so many within 10 s.
  bool HasStreams(size_t count);
  // What each that ever came asked for (the bytes of an OrcaLoadReportRequest), and whom.
  struct Asked {
    std::string request;
    std::string host;
  };
  std::vector<Asked> asked();

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* call) override;

 private:
  class Stream;

  Mutex mutex_;
  CondVar changed_;  // streams_
  std::string report_ ABSL_GUARDED_BY(mutex_);
  grpc::Status end_ ABSL_GUARDED_BY(mutex_);
  std::set<Stream*> streams_ ABSL_GUARDED_BY(mutex_);  // not over
  std::vector<Asked> asked_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_ORCA_SERVICE_H_
