#include "mesh/xds/resources/parse_cost.h"

#include <cstddef>

#include "mesh/xds/wire_format.h"

namespace mesh::xds {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Smaller ones cannot cost much, whatever they are.
constexpr size_t kSmallest = 256 << 10;
// What may be spent: four times the bytes, and this once. (Routes of a few hundred bytes each take
// about twice their bytes.)
constexpr size_t kAllowance = 32 << 20;
constexpr size_t kAllowedPerByte = 4;
// What protobuf 3.21 takes on 64 bits, with its pointer in a list: about.
constexpr size_t kMessageCost = 128;
constexpr size_t kStringCost = 40;
constexpr size_t kNumberCost = 8;
constexpr size_t kUnknownStringCost = 64;
constexpr size_t kUnknownNumberCost = 32;
constexpr int kMaxDepth = 100;  // protobuf's own: it reads no deeper

// Spends what it finds of a budget.
class Counter {
 public:
  explicit Counter(size_t budget) : left_(budget) {}

  // False once the budget is spent.
  bool Count(const Descriptor* type, absl::string_view bytes, int depth) {
    if (depth > kMaxDepth) return true;
    WireReader reader(bytes);
    while (reader.Next()) {
      if (!CountField(type->FindFieldByNumber(static_cast<int>(reader.field())), reader, depth)) {
        return false;
      }
    }
    return true;
  }

 private:
  bool CountField(const FieldDescriptor* field, const WireReader& reader, int depth) {
    const bool has_bytes = reader.type() == WireReader::Type::kBytes;
    const size_t size = has_bytes ? reader.bytes().size() : 0;
    if (field == nullptr) return Spend(has_bytes ? kUnknownStringCost + size : kUnknownNumberCost);
    if (!has_bytes) return Spend(kNumberCost);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return Spend(kStringCost + size);
    return Spend(kMessageCost) && Count(field->message_type(), reader.bytes(), depth + 1);
  }

  bool Spend(size_t cost) {
    if (cost > left_) return false;
    left_ -= cost;
    return true;
  }

  size_t left_;
};

}  // namespace

bool IsTooCostly(const Descriptor* type, absl::string_view bytes) {
  if (bytes.size() < kSmallest) return false;
  return !Counter(kAllowance + kAllowedPerByte * bytes.size()).Count(type, bytes, 0);
}

}  // namespace mesh::xds
