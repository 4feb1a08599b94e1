#ifndef MESH_CLUSTER_MAILBOX_H_
#define MESH_CLUSTER_MAILBOX_H_

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "mesh/base/executor.h"
#include "mesh/base/mutex.h"
#include "mesh/base/serializer.h"

namespace mesh::cluster {

// Where threads that outlive a ClusterTable (those with a permit or a cluster) leave work for its
// serializer. Tasks run in the order they were left, and none is lost: what the serializer does
// not run any more, Close() runs. Shared by all who may leave something. Thread-safe.
class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  // `serializer` must outlive every Post before Close().
  explicit Mailbox(Serializer* serializer) : serializer_(serializer) {}

  // Runs `task` on the serializer, never inside this call. False after Close(): `task` is then
  // left as it was.
  bool Post(Task&& task);

  // Runs what was left so far. On the serializer, or after its Shutdown().
  void Deliver();
  // Runs what was left, and takes no more. On the serializer, or after its Shutdown().
  void Close();

 private:
  Mutex mutex_;
  Serializer* serializer_ ABSL_GUARDED_BY(mutex_);  // null: closed
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mesh::cluster

#endif  // MESH_CLUSTER_MAILBOX_H_
