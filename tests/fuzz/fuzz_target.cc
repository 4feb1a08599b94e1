#include "tests/fuzz/fuzz_target.h"

#include <cstdlib>
#include <iostream>

namespace mesh::fuzz {

void Require(bool holds, absl::string_view rule) {
  if (holds) return;
  std::cerr << "broken: " << rule << std::endl;
  std::abort();
}

}  // namespace mesh::fuzz
