#ifndef MESH_CALL_CALL_HASH_H_
#define MESH_CALL_CALL_HASH_H_

#include <cstdint>
#include <optional>

namespace mesh {

// The hash by which calls of this thread are balanced while it lives, in clusters whose policy
// follows one (ring hash, Maglev): the calls of one hash go to one endpoint, as long as that can
// take them. Without one they go anywhere. On the stack, where calls are made:
//
//   {
//     const mesh::CallHash hash(user_id_hash);
//     status = stub->Get(&context, request, &reply);  // or AsyncGet(), or async()->Get()
//   }
//
// All 64 bits count and should be well mixed; what Envoy's hash policies make of a header is XXH64
// of its value, seed 0. The hash policies of routes are not evaluated yet: they will give a hash to
// the calls that have none of their own. Hashes nest: the innermost counts. Thread-compatible.
class CallHash {
 public:
  explicit CallHash(uint64_t hash);
  ~CallHash();
  CallHash(const CallHash&) = delete;
  CallHash& operator=(const CallHash&) = delete;

  // That of this thread's innermost; nothing without one. For the call path.
  static std::optional<uint64_t> Current();

 private:
  const uint64_t hash_;
  const CallHash* const outer_;
};

}  // namespace mesh

#endif  // MESH_CALL_CALL_HASH_H_
