#include "mesh/wire/byte_buffer.h"

#include <memory>
#include <utility>
#include <vector>

#include "grpcpp/support/slice.h"

namespace mesh::wire {

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

grpc::ByteBuffer ToByteBuffer(std::string bytes) {
  auto owned = std::make_unique<std::string>(std::move(bytes));
  std::string* raw = owned.release();
  const grpc::Slice slice(
      raw->data(), raw->size(), [](void* owner) { delete static_cast<std::string*>(owner); }, raw);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace mesh::wire
