#include "tests/fuzz/decoder_rules.h"

#include <map>
#include <string>

#include "mesh/xds/proto/listener.pb.h"
#include "tests/fuzz/fuzz_target.h"

namespace mesh::fuzz {
namespace {

using xds::DecodeResult;

// Of an error's text, for each byte of the resource, and for none: F11's amplification.
constexpr size_t kTextPerByte = 100;
constexpr size_t kTextAtAll = 10000;

DecodeResult Decode(const xds::ResourceType& type, absl::string_view bytes,
                    const std::shared_ptr<const xds::Resource>& previous) {
  return type.Decode(bytes, [&](absl::string_view) { return previous; });
}

// Field 1 of every resource is its name, so any of the messages reads it.
void CheckName(absl::string_view bytes, const DecodeResult& result) {
  xds::proto::Listener message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  Require(result.name == message.name(), "the name is the one that protobuf reads");
}

}  // namespace

DecodeResult CheckedDecode(const xds::ResourceType& type, absl::string_view bytes,
                           std::shared_ptr<const xds::Resource> previous) {
  DecodeResult result = Decode(type, bytes, previous);
  Require((result.resource == nullptr) != result.error.ok(), "a value or an error");
  if (result.resource != nullptr) {
    Require(!result.name.empty(), "a value has a name");
    CheckName(bytes, result);
    const DecodeResult again = Decode(type, bytes, result.resource);
    Require(again.resource == result.resource, "the same bytes give the same value");
    return result;
  }
  Require(result.error.code() == absl::StatusCode::kInvalidArgument, "INVALID_ARGUMENT");
  Require(result.error.message().size() <= kTextAtAll + kTextPerByte * bytes.size(),
          "an error is no larger than it may be");
  const DecodeResult again = Decode(type, bytes, previous);
  Require(again.error == result.error, "the same bytes give the same error");
  return result;
}

const xds::ResourceTypes& TypesOf(Profile profile) {
  static const auto* const types = [] {
    auto* const all = new std::map<Profile, xds::ResourceTypes>();
    for (const Profile p : kProfiles) all->emplace(p, xds::NewResourceTypes(p));
    return all;
  }();
  return types->at(profile);
}

}  // namespace mesh::fuzz
