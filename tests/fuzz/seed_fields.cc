#include "tests/fuzz/seed_fields.h"

#include "absl/strings/str_cat.h"

namespace mesh::fuzz {

void AddUnknown(int number, absl::string_view bytes, google::protobuf::Message* message) {
  message->GetReflection()->MutableUnknownFields(message)->AddLengthDelimited(number)->assign(
      bytes.data(), bytes.size());
}

void Pack(absl::string_view type, const google::protobuf::Message& message, xds::proto::Any* any) {
  any->set_type_url(absl::StrCat("type.googleapis.com/", type));
  any->set_value(message.SerializeAsString());
}

void SetDuration(int64_t seconds, google::protobuf::Duration* duration) {
  duration->set_seconds(seconds);
  duration->set_nanos(250'000'000);
}

}  // namespace mesh::fuzz
