// The decoder of listeners, by the rules of each profile.

#include "tests/fuzz/decoder_rules.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/seed_resources.h"

namespace mesh::fuzz {

bool IsWireFormat() { return true; }

void RunInput(absl::string_view input) {
  for (const Profile profile : kProfiles) CheckedDecode(*TypesOf(profile).listener, input);
}

std::vector<std::string> Seeds() { return ListenerSeeds(); }

}  // namespace mesh::fuzz
