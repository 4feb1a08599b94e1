#ifndef TESTS_TESTING_ADS_SERVER_H_
#define TESTS_TESTING_ADS_SERVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "mesh/base/mutex.h"

namespace mesh::testing {

// An xDS control plane (aggregated, state of the world) over real gRPC: serves the resources that
// it is given, and misbehaves when told to.
//
// A response has those of the type's resources that the stream names, or all when a stream's first
// request for the type names none. A request is answered when it is the type's first or its
// names changed; where none of the names exists, only listeners and clusters are answered.
// Thread-safe, but for Stop() and Start().
class AdsServer {
 public:
  struct Request {
    int stream = 0;  // counted from 1
    std::string type_url, version, nonce;
    std::vector<std::string> names;
    std::string error;  // of a NACK
    std::string node_id, user_agent;
    std::vector<std::string> client_features;
  };

  explicit AdsServer(const std::string& address = "127.0.0.1:0",
                     std::shared_ptr<grpc::ServerCredentials> credentials = nullptr);
  ~AdsServer();

  // With the real port: a bootstrap's `server_uri`. Empty: it could not listen.
  const std::string& address() const { return address_; }

  // Ends like a process does. No effect when it is stopped.
  void Stop();
  // Listens on the same address again, with the same resources. REQUIRES: Stop() was called.
  bool Start();

  // Changes what is served from the next response on. `bytes` is the serialized resource.
  void Set(absl::string_view type_url, absl::string_view name, std::string bytes);
  void Remove(absl::string_view type_url, absl::string_view name);
  // Sends the type's resources, as a new version, to the streams that asked for the type.
  void Push(absl::string_view type_url);

  // Takes requests, answers none.
  void set_mute(bool mute);
  // Sends every NACKed response again, at once.
  void set_resend_on_nack(bool resend);
  // Ends each stream with `status` after so many responses to its requests; 0: never.
  void CloseStreamsAfter(int responses, grpc::Status status = grpc::Status::OK);
  // Ends each stream at its first request.
  void set_close_streams_at_once(bool close);
  // Cancels the streams that are open.
  void CancelStreams();
  // Sends a message, whatever it is, on every open stream.
  void SendRaw(const std::string& message);

  int streams() const;  // since the beginning
  int open_streams() const;
  // Since the beginning, or the last ForgetRequests().
  std::vector<Request> requests() const;
  void ForgetRequests();
  // Waits until `condition` holds of all requests so far. Returns whether it came to hold.
  bool WaitForRequests(const std::function<bool(const std::vector<Request>&)>& condition,
                       absl::Duration timeout = absl::Seconds(10)) const;

 private:
  class Service;
  class Stream;
  struct Type {
    uint64_t version = 1;
    std::map<std::string, std::string> resources;
  };

  // What Service runs for each stream, on a thread of the server.
  grpc::Status Serve(Stream* stream);
  // Returns whether it was answered.
  bool OnRequest(Stream* stream, const std::string& message);
  bool Respond(Stream* stream, const std::string& type_url) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::string address_;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::map<std::string, Type> types_ ABSL_GUARDED_BY(mutex_);
  std::set<Stream*> open_ ABSL_GUARDED_BY(mutex_);
  std::vector<Request> requests_ ABSL_GUARDED_BY(mutex_);
  int streams_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t last_nonce_ ABSL_GUARDED_BY(mutex_) = 0;
  bool mute_ ABSL_GUARDED_BY(mutex_) = false;
  bool resend_on_nack_ ABSL_GUARDED_BY(mutex_) = false;
  bool close_at_once_ ABSL_GUARDED_BY(mutex_) = false;
  int close_after_ ABSL_GUARDED_BY(mutex_) = 0;
  grpc::Status close_status_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace mesh::testing

#endif  // TESTS_TESTING_ADS_SERVER_H_
