#ifndef TESTS_RESOLVER_LOOPBACK_DNS_SERVER_H_
#define TESTS_RESOLVER_LOOPBACK_DNS_SERVER_H_

#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "mesh/base/mutex.h"

namespace mesh::testing {

// A DNS server on UDP, 127.0.0.1, that knows A and AAAA records. Names are without the last dot.
// Thread-safe.
class LoopbackDnsServer {
 public:
  // By name, numeric addresses of either kind, each perhaps with a space and its time to live
  // (else 60 s; 127 at most). A name that is not there does not exist; one
  // without addresses is answered by nothing at all.
  using Records = std::map<std::string, std::vector<std::string>>;

  explicit LoopbackDnsServer(Records records);
  ~LoopbackDnsServer();

  // `127.0.0.1:port`.
  std::string address() const;
  // `name A` or `name AAAA`, in the order they came.
  std::vector<std::string> questions() const;
  // Returns when a question has come.
  void AwaitQuestion();

 private:
  void Serve();
  // The answer to a request; empty: none.
  std::string AnswerTo(const std::string& request);

  const Records records_;
  int socket_ = -1;
  uint16_t port_ = 0;
  mutable Mutex mutex_;
  CondVar asked_;
  std::vector<std::string> questions_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace mesh::testing

#endif  // TESTS_RESOLVER_LOOPBACK_DNS_SERVER_H_
