#ifndef MESH_XDS_RESOURCES_DECODING_H_
#define MESH_XDS_RESOURCES_DECODING_H_

#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "mesh/base/field_errors.h"
#include "mesh/model/profile.h"
#include "mesh/xds/resources/declared_fields.h"

namespace mesh::xds {

// Declarations, ready to be looked up while messages are walked. Immutable.
class FieldTable {
 public:
  explicit FieldTable(std::initializer_list<absl::Span<const MessageDeclaration>> messages);

  const MessageDeclaration* Find(const google::protobuf::Descriptor* message) const;

 private:
  absl::flat_hash_map<absl::string_view, const MessageDeclaration*> messages_;  // by its own name
};

// What is found out about one resource while it is decoded: its errors, and the fields that it
// carries in vain. The scopes of `errors` say where the decoder is. Thread-compatible.
class Decoding {
 public:
  Decoding(Profile profile, const FieldTable* table) : profile_(profile), table_(table) {}

  Profile profile() const { return profile_; }
  bool grpc() const { return profile_ == Profile::kGrpc; }
  const FieldTable* fields() const { return table_; }

  // Walks every field that `message` carries, at any depth, and obeys its declaration: lists it,
  // or refuses it. Also refuses text that is not UTF-8. Does not look into an Any.
  void Check(const google::protobuf::Message& message);

  // Lists the field `element` below the current path as one that does nothing. Elements of lists
  // are not told apart: `virtual_hosts.routes.metadata`. Of very many names the first are listed.
  void Ignore(absl::string_view element);
  // Sorted, each once.
  std::vector<std::string> ignored() const;

  FieldErrors errors;

 private:
  bool lists_more() const;
  void CheckUnknown(const google::protobuf::Message& message,
                    const MessageDeclaration* declaration);
  void CheckValue(const google::protobuf::Message& message,
                  const google::protobuf::FieldDescriptor* field);

  const Profile profile_;
  const FieldTable* const table_;
  std::set<std::string> ignored_;
};

// Whether `text` is well-formed UTF-8, as protobuf demands of a string.
bool IsUtf8(absl::string_view text);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_DECODING_H_
