#ifndef TESTS_TESTING_ECHO_PROCESS_CHILD_H_
#define TESTS_TESTING_ECHO_PROCESS_CHILD_H_

namespace mesh::testing {

// What an EchoProcess gives its process. Its arguments: name, address, the parent's process id.
constexpr int kAnswerDescriptor = 3;    // a pipe: the address with its port, once it listens
constexpr int kControlsDescriptor = 4;  // memory: EchoControls
constexpr int kFirstFreeDescriptor = 5;

}  // namespace mesh::testing

#endif  // TESTS_TESTING_ECHO_PROCESS_CHILD_H_
