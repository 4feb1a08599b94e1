#ifndef MESH_CALL_BYTES_H_
#define MESH_CALL_BYTES_H_

#include "absl/strings/cord.h"
#include "grpcpp/support/byte_buffer.h"

namespace mesh::call {

// The same bytes in the other form. Long pieces are shared, not copied. An invalid buffer is an
// empty cord.
absl::Cord ToCord(const grpc::ByteBuffer& buffer);
grpc::ByteBuffer ToByteBuffer(const absl::Cord& cord);

}  // namespace mesh::call

#endif  // MESH_CALL_BYTES_H_
