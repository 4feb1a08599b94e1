#ifndef TESTS_FUZZ_WIRE_MUTATOR_H_
#define TESTS_FUZZ_WIRE_MUTATOR_H_

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mesh::fuzz {

// Changes serialized protobuf messages so that their lengths stay right: without it nearly every
// mutation ends as bytes that are no message, and nothing behind the parser is reached. It knows
// no descriptor: bytes that can be read as fields are taken for a message. Thread-compatible.
class WireMutator {
 public:
  // Gives a changed copy of some bytes.
  using Leaf = std::function<std::string(std::string bytes)>;

  WireMutator(uint32_t seed, Leaf leaf) : random_(seed), leaf_(std::move(leaf)) {}

  // `bytes` with one change, at any depth; bytes that are no message are changed as a leaf.
  std::string Mutate(absl::string_view bytes);

 private:
  struct Field {
    uint32_t number = 0;
    int wire_type = 0;
    uint64_t value = 0;  // of a varint or a fixed number
    std::string bytes;
  };

  static bool Split(absl::string_view bytes, std::vector<Field>* fields);
  static std::string Join(const std::vector<Field>& fields);

  size_t Below(size_t end) { return random_() % end; }
  std::string MutateAt(absl::string_view bytes, int depth);
  void MutateField(Field* field, int depth);
  uint64_t MutateNumber(uint64_t value);
  void Rearrange(std::vector<Field>* fields);
  // Any field of the whole input.
  Field Donor(absl::string_view bytes);

  std::mt19937 random_;
  const Leaf leaf_;
  absl::string_view whole_;  // during Mutate()
};

// A leaf for where no fuzzer gives one: changes, adds or removes a few bytes.
std::string MutateBytes(std::string bytes, std::mt19937* random);

}  // namespace mesh::fuzz

#endif  // TESTS_FUZZ_WIRE_MUTATOR_H_
