#ifndef TESTS_FUZZ_DECODER_RULES_H_
#define TESTS_FUZZ_DECODER_RULES_H_

#include <memory>

#include "absl/strings/string_view.h"
#include "mesh/model/profile.h"
#include "mesh/xds/resource_type.h"
#include "mesh/xds/resources/types.h"

namespace mesh::fuzz {

// Decodes `bytes` where there was `previous` (or nothing), and checks what holds of every decoder:
// a value or an error, never both; the same bytes again give the very same value or the same
// error; a name that protobuf reads as well; an error that is no larger than it may be.
// REQUIRES: `previous` has the name that `bytes` have.
xds::DecodeResult CheckedDecode(const xds::ResourceType& type, absl::string_view bytes,
                                std::shared_ptr<const xds::Resource> previous = nullptr);

// The decoders by the rules of `profile`; they live as long as the process.
const xds::ResourceTypes& TypesOf(Profile profile);

inline constexpr Profile kProfiles[] = {Profile::kMesh, Profile::kEnvoy, Profile::kGrpc};

}  // namespace mesh::fuzz

#endif  // TESTS_FUZZ_DECODER_RULES_H_
