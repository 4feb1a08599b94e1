#ifndef EXAMPLES_DEMO_ECHO_ENDPOINT_H_
#define EXAMPLES_DEMO_ECHO_ENDPOINT_H_

#include <string>

namespace mesh::demo {

// Serves the echo service on a port of loopback, which it prints, until it is killed. Returns
// only if it cannot serve.
int ServeEcho(const std::string& name);

}  // namespace mesh::demo

#endif  // EXAMPLES_DEMO_ECHO_ENDPOINT_H_
