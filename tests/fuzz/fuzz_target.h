#ifndef TESTS_FUZZ_FUZZ_TARGET_H_
#define TESTS_FUZZ_FUZZ_TARGET_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mesh::fuzz {

// What a fuzz target defines; libfuzzer_main.cc and seeds_test.cc run it.

// Does with `input`, which may be anything, what the target is about. Ends the process where a
// rule is broken.
void RunInput(absl::string_view input);

// Good inputs, made of resources as control planes send them.
std::vector<std::string> Seeds();

// Whether inputs are serialized protobuf messages, and so are worth mutating field by field.
bool IsWireFormat();

// Ends the process, and says `rule` on standard error, unless `holds`.
void Require(bool holds, absl::string_view rule);

}  // namespace mesh::fuzz

#endif  // TESTS_FUZZ_FUZZ_TARGET_H_
