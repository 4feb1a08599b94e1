// Runs the vectors of a folder: a line for each row, and last `N passed, N failed`. Exit code 1:
// one failed; 2: wrong arguments.

#include <iostream>

#include "tests/vectors/runner.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: vectors_runner FOLDER\n";
    return 2;
  }
  mesh::vectors::Runner runner(&std::cout);
  runner.RunFolder(argv[1]);
  std::cout << runner.passed() << " passed, " << runner.failed() << " failed" << std::endl;
  return runner.failed() == 0 ? 0 : 1;
}
