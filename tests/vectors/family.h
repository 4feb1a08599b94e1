#ifndef TESTS_VECTORS_FAMILY_H_
#define TESTS_VECTORS_FAMILY_H_

#include <string>
#include <vector>

#include "tests/vectors/answer.h"
#include "tests/vectors/row_object.h"

namespace mesh::vectors {

// A kind of rows, and what the library makes of their inputs. Immutable value.
struct Family {
  std::string name;
  std::vector<std::string> expected;  // what every row expects, at least
  double tolerance = 0;               // of numbers
  // The answer; what is wrong with the input is noted as an error, and the answer without meaning.
  Answer (*compute)(RowObject* input);
};

// priority_load, locality_share, weighted_pick, success_rate, backoff.
std::vector<Family> LoadFamilies();
// ring_table, ring_pick, ring_share, maglev_table.
std::vector<Family> HashFamilies();

}  // namespace mesh::vectors

#endif  // TESTS_VECTORS_FAMILY_H_
