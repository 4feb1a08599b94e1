#include "mesh/call/bytes.h"

#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "grpcpp/support/slice.h"

namespace mesh::call {
namespace {

// Pieces up to here are copied: sharing costs an allocation as well, and a short cord keeps its
// bytes in itself, where nobody else can refer to them.
constexpr size_t kCopied = 512;

}  // namespace

absl::Cord ToCord(const grpc::ByteBuffer& buffer) {
  absl::Cord cord;
  std::vector<grpc::Slice> slices;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return cord;
  for (grpc::Slice& slice : slices) {
    const absl::string_view bytes(reinterpret_cast<const char*>(slice.begin()), slice.size());
    if (bytes.size() <= kCopied) {
      cord.Append(bytes);
    } else {
      cord.Append(absl::MakeCordFromExternal(bytes, [slice = std::move(slice)]() {}));
    }
  }
  return cord;
}

grpc::ByteBuffer ToByteBuffer(const absl::Cord& cord) {
  std::vector<grpc::Slice> slices;
  for (const absl::string_view chunk : cord.Chunks()) {
    if (chunk.size() <= kCopied) {
      slices.emplace_back(chunk.data(), chunk.size());
    } else {
      // A copy of the cord shares its long chunks and keeps them alive.
      slices.emplace_back(
          const_cast<char*>(chunk.data()), chunk.size(),
          [](void* owner) { delete static_cast<absl::Cord*>(owner); }, new absl::Cord(cord));
    }
  }
  // With no slice at all the buffer would be invalid, and a message of no bytes is a message.
  if (slices.empty()) slices.emplace_back();
  return grpc::ByteBuffer(slices.data(), slices.size());
}

}  // namespace mesh::call
