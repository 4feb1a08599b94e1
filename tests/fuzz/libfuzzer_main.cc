// A fuzz target as libFuzzer runs it. `--write_seeds=FOLDER` writes the seeds there instead.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/wire_mutator.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  constexpr absl::string_view kFlag = "--write_seeds=";
  if (*argc < 2 || !absl::StartsWith((*argv)[1], kFlag)) return 0;
  const std::string folder = (*argv)[1] + kFlag.size();
  int number = 0;
  for (const std::string& seed : mesh::fuzz::Seeds()) {
    std::ofstream file(absl::StrCat(folder, "/seed-", number++), std::ios::binary);
    file << seed;
    file.close();
    mesh::fuzz::Require(file.good(), absl::StrCat("seeds can be written in ", folder));
  }
  std::exit(number > 0 ? 0 : 1);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mesh::fuzz::RunInput(absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  // Now and then without any respect, so that the parsers get their share too.
  if (!mesh::fuzz::IsWireFormat() || seed % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  mesh::fuzz::WireMutator mutator(seed, [](std::string bytes) {
    const size_t size = bytes.size();
    bytes.resize(size + 16);
    auto* const begin = reinterpret_cast<uint8_t*>(&bytes[0]);
    bytes.resize(LLVMFuzzerMutate(begin, size, bytes.size()));
    return bytes;
  });
  // Most of what is kept for its coverage is rejected somewhere, and so is what is made of it. From
  // a good input, one change leads behind the checks.
  static const auto* const seeds = new std::vector<std::string>(mesh::fuzz::Seeds());
  const absl::string_view base = seed % 4 == 1
                                     ? absl::string_view((*seeds)[seed / 4 % seeds->size()])
                                     : absl::string_view(reinterpret_cast<const char*>(data), size);
  const std::string changed = mutator.Mutate(base);
  if (changed.empty() || changed.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, changed.data(), changed.size());
  return changed.size();
}
