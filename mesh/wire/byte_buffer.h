#ifndef MESH_WIRE_BYTE_BUFFER_H_
#define MESH_WIRE_BYTE_BUFFER_H_

#include <string>

#include "grpcpp/support/byte_buffer.h"

namespace mesh::wire {

// The message's bytes, copied once. Empty when the buffer holds none.
std::string ToBytes(const grpc::ByteBuffer& buffer);

// A message that owns `bytes`, not copied.
grpc::ByteBuffer ToByteBuffer(std::string bytes);

}  // namespace mesh::wire

#endif  // MESH_WIRE_BYTE_BUFFER_H_
