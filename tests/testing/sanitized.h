#ifndef TESTS_TESTING_SANITIZED_H_
#define TESTS_TESTING_SANITIZED_H_

namespace mesh::testing {

// Whether a sanitizer watches this build: then sizes and times of a process mean nothing, as it
// keeps freed memory and adds to the rest.
constexpr bool kSanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // gcc
    true;
#elif defined(__has_feature)  // clang
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

}  // namespace mesh::testing

#endif  // TESTS_TESTING_SANITIZED_H_
