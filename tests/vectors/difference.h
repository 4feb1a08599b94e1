#ifndef TESTS_VECTORS_DIFFERENCE_H_
#define TESTS_VECTORS_DIFFERENCE_H_

#include <optional>
#include <string>

#include "google/protobuf/struct.pb.h"

namespace mesh::vectors {

// Where two JSON values differ first: `expected 3 got 4 at slots[2]`. A value.
struct Difference {
  std::string expected;
  std::string got;
  std::string path;
};

// Every key of `expected` must be in `got`, with the same value; numbers may differ by `tolerance`.
// Nothing: they agree. Pure.
std::optional<Difference> FindDifference(const google::protobuf::Struct& expected,
                                         const google::protobuf::Struct& got, double tolerance);

}  // namespace mesh::vectors

#endif  // TESTS_VECTORS_DIFFERENCE_H_
