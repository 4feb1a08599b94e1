#ifndef TESTS_FUZZ_SEED_FIELDS_H_
#define TESTS_FUZZ_SEED_FIELDS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/message.h"
#include "mesh/xds/proto/core.pb.h"

namespace mesh::fuzz {

// A field that our definitions do not have.
void AddUnknown(int number, absl::string_view bytes, google::protobuf::Message* message);

// Makes `any` a message of `type`.
void Pack(absl::string_view type, const google::protobuf::Message& message, xds::proto::Any* any);

// To `seconds` and a quarter.
void SetDuration(int64_t seconds, google::protobuf::Duration* duration);

}  // namespace mesh::fuzz

#endif  // TESTS_FUZZ_SEED_FIELDS_H_
