#include "mesh/xds/resources/decoding.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/unknown_field_set.h"

namespace mesh::xds {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::UnknownFieldSet;

constexpr absl::string_view kPackage = "mesh.xds.proto.";

// More would not be read. A hostile resource has a name for every five bytes.
constexpr size_t kMostIgnored = 200;
constexpr size_t kMostIgnoredText = 1000;
constexpr absl::string_view kMoreIgnored = "(more fields)";

const FieldDeclaration* FindField(const MessageDeclaration* message, int number) {
  if (message == nullptr) return nullptr;
  for (const FieldDeclaration& field : message->fields) {
    if (field.number == number) return &field;
  }
  return nullptr;
}

// `a[1].b[2]` as `a.b`.
std::string WithoutIndices(absl::string_view path) {
  std::string text;
  bool inside = false;
  for (const char c : path) {
    if (c == '[') inside = true;
    if (!inside) text.push_back(c);
    if (c == ']') inside = false;
  }
  return text;
}

// What is no text: somebody else decodes it, or it is bytes in the official message, too.
constexpr absl::string_view kOpaque[] = {
    "mesh.xds.proto.Any.value",
    "mesh.xds.proto.Cluster.load_assignment",
    "mesh.xds.proto.FilterMetadata.value",
    "mesh.xds.proto.HealthCheck.Payload.binary",
};

bool IsOpaque(const FieldDescriptor* field) {
  return std::find(std::begin(kOpaque), std::end(kOpaque), field->full_name()) != std::end(kOpaque);
}

std::string Refusal(const FieldDeclaration& field) {
  return absl::StrCat("not supported (", field.reason, ")");
}

}  // namespace

FieldTable::FieldTable(std::initializer_list<absl::Span<const MessageDeclaration>> messages) {
  for (const absl::Span<const MessageDeclaration> part : messages) {
    for (const MessageDeclaration& message : part) messages_.emplace(message.message, &message);
  }
}

const MessageDeclaration* FieldTable::Find(const Descriptor* message) const {
  absl::string_view name = message->full_name();
  if (name.substr(0, kPackage.size()) != kPackage) return nullptr;
  const auto it = messages_.find(name.substr(kPackage.size()));
  return it == messages_.end() ? nullptr : it->second;
}

void Decoding::Check(const Message& message) {
  const MessageDeclaration* declaration = table_->Find(message.GetDescriptor());
  CheckUnknown(message, declaration);
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const FieldDeclaration* rule = FindField(declaration, field->number());
    const Disposition disposition = rule == nullptr ? Disposition::kHonoured : rule->In(profile_);
    switch (disposition) {
      case Disposition::kHonoured:
        CheckValue(message, field);
        break;
      case Disposition::kAdvisory:
        Ignore(field->name());
        break;
      case Disposition::kMustUnderstand:
        errors.Add(field->name(), Refusal(*rule));
        break;
    }
  }
}

void Decoding::CheckUnknown(const Message& message, const MessageDeclaration* declaration) {
  const UnknownFieldSet& unknown = message.GetReflection()->GetUnknownFields(message);
  std::set<int> seen;
  for (int i = 0; i < unknown.field_count(); ++i) {
    const int number = unknown.field(i).number();
    const FieldDeclaration* rule = FindField(declaration, number);
    if (rule == nullptr && !lists_more()) continue;
    if (!seen.insert(number).second) continue;
    if (rule == nullptr) {
      Ignore(absl::StrCat("field ", number, " of ", message.GetDescriptor()->name()));
    } else if (rule->In(profile_) == Disposition::kMustUnderstand) {
      errors.Add(rule->name, Refusal(*rule));
    } else if (rule->In(profile_) == Disposition::kAdvisory) {
      Ignore(rule->name);
    } else {  // known, so what came is of another type than the field has
      Ignore(absl::StrCat(rule->name, " (of a wrong wire type)"));
    }
  }
}

void Decoding::CheckValue(const Message& message, const FieldDescriptor* field) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const size_t size = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
  for (size_t i = 0; i < size; ++i) {
    const int index = static_cast<int>(i);
    const FieldErrors::Scope scope = field->is_repeated()
                                         ? FieldErrors::Scope(&errors, field->name(), i)
                                         : FieldErrors::Scope(&errors, field->name());
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Check(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, index)
                                 : reflection.GetMessage(message, field));
    } else if (field->type() == FieldDescriptor::TYPE_BYTES) {
      std::string scratch;
      const std::string& text =
          field->is_repeated()
              ? reflection.GetRepeatedStringReference(message, field, index, &scratch)
              : reflection.GetStringReference(message, field, &scratch);
      if (!IsOpaque(field) && !IsUtf8(text)) errors.Add("not UTF-8");
    }
  }
}

bool Decoding::lists_more() const { return ignored_.size() <= kMostIgnored; }

void Decoding::Ignore(absl::string_view element) {
  if (!lists_more()) return;
  const std::string path = WithoutIndices(errors.path());
  std::string name = path.empty() ? std::string(element) : absl::StrCat(path, ".", element);
  if (name.size() > kMostIgnoredText) name.resize(kMostIgnoredText);
  if (ignored_.size() < kMostIgnored) {
    ignored_.insert(std::move(name));
  } else if (ignored_.count(name) == 0) {
    ignored_.emplace(kMoreIgnored);
  }
}

std::vector<std::string> Decoding::ignored() const {
  return std::vector<std::string>(ignored_.begin(), ignored_.end());
}

bool IsUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t k) {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u;
    };
    const unsigned first = byte(0);
    size_t length = 0;
    unsigned low = 0x80, high = 0xbf;  // of the second byte
    if (first < 0x80) {
      ++i;
      continue;
    } else if (first >= 0xc2 && first <= 0xdf) {
      length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
      length = 3;
      if (first == 0xe0) low = 0xa0;   // overlong
      if (first == 0xed) high = 0x9f;  // surrogates
    } else if (first >= 0xf0 && first <= 0xf4) {
      length = 4;
      if (first == 0xf0) low = 0x90;   // overlong
      if (first == 0xf4) high = 0x8f;  // above U+10FFFF
    } else {
      return false;
    }
    if (byte(1) < low || byte(1) > high) return false;
    for (size_t k = 2; k < length; ++k) {
      if (byte(k) < 0x80 || byte(k) > 0xbf) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace mesh::xds
