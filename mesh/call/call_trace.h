#ifndef MESH_CALL_CALL_TRACE_H_
#define MESH_CALL_CALL_TRACE_H_

#include <memory>
#include <string>
#include <vector>

namespace mesh {

// Records which endpoints a call was tried on: ClientContext::peer() names the first attempt's
// only. Attach it to the thread that makes the call, and read it when the call has ended:
//
//   mesh::CallTrace trace;
//   {
//     mesh::CallTrace::Scope scope(&trace);
//     status = stub->Get(&context, request, &reply);  // or AsyncGet(), or async()->Get()
//   }
//   trace.attempts().back().address
//
// It may be destroyed while the call goes on. Thread-safe.
class CallTrace {
 public:
  struct Attempt {
    std::string address;    // `10.0.0.1:8080`
    int status_code = 0;    // gRPC's
    bool delivered = true;  // false: certainly never given to a transport
  };

  CallTrace();
  ~CallTrace();
  CallTrace(const CallTrace&) = delete;
  CallTrace& operator=(const CallTrace&) = delete;

  // The attempts that have ended, in the order they ended.
  std::vector<Attempt> attempts() const;

  // While it lives, what this thread calls is recorded in `trace`. Scopes nest: the innermost
  // counts. On the stack only.
  class Scope {
   public:
    // `trace` outlives the scope.
    explicit Scope(CallTrace* trace);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    CallTrace* const outer_;
  };

  // What calls write to; they keep it alive. For the call path.
  class Log;
  // That of this thread's innermost scope; null without one.
  static std::shared_ptr<Log> Current();

 private:
  const std::shared_ptr<Log> log_;
};

}  // namespace mesh

#endif  // MESH_CALL_CALL_TRACE_H_
