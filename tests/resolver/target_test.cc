#include <string>

#include "gtest/gtest.h"
#include "resolver/resolver.h"

namespace mesh::resolver {
namespace {

TEST(TargetTest, Parses) {
  struct Case {
    std::string target, scheme, authority, name;
  };
  const Case cases[] = {
      {"xds:///svc", "xds", "", "svc"},
      {"xds:///reviews.prod.svc.cluster.local:9080", "xds", "",
       "reviews.prod.svc.cluster.local:9080"},
      {"xds:svc", "xds", "", "svc"},
      {"xds:svc:80", "xds", "", "svc:80"},
      {"XDS:///Svc", "xds", "", "Svc"},
      {"xds://auth.example/svc", "xds", "auth.example", "svc"},
      {"xds://auth/a/b", "xds", "auth", "a/b"},
      {"xds:////a", "xds", "", "/a"},
      {"xds:///a%20b%2Fc%25", "xds", "", "a b/c%"},
      {"xds://%41uth/x", "xds", "Auth", "x"},
      {"xds:///100%", "xds", "", "100%"},
      {"xds:///%zz%4", "xds", "", "%zz%4"},
      {"xds:///%3Fa%23", "xds", "", "?a#"},
      {"dns:///localhost:50051", "dns", "", "localhost:50051"},
      {"dns:localhost:50051", "dns", "", "localhost:50051"},
      {"dns:localhost", "dns", "", "localhost"},
      {"dns://127.0.0.1:5353/a.b:1", "dns", "127.0.0.1:5353", "a.b:1"},
      {"dns:///[::1]:80", "dns", "", "[::1]:80"},
      {"dns:///[fe80::1%25lo]:80", "dns", "", "[fe80::1%lo]:80"},
      {"static:///a:1,b:2", "static", "", "a:1,b:2"},
      {"static:a:1", "static", "", "a:1"},
      {"static:///unix:/tmp/x,[::1]:2", "static", "", "unix:/tmp/x,[::1]:2"},
  };
  for (const Case& c : cases) {
    const absl::StatusOr<Target> target = Target::Parse(c.target);
    ASSERT_TRUE(target.ok()) << target.status();
    EXPECT_EQ(target->scheme, c.scheme) << c.target;
    EXPECT_EQ(target->authority, c.authority) << c.target;
    EXPECT_EQ(target->name, c.name) << c.target;
  }
}

TEST(TargetTest, Refuses) {
  struct Case {
    std::string target, error;
  };
  const Case cases[] = {
      {"", "target \"\": it is empty"},
      {"foo:///x", "target \"foo:///x\": unknown scheme \"foo\" (known: xds, dns, static)"},
      {"localhost:50051",
       "target \"localhost:50051\": unknown scheme \"localhost\" (known: xds, dns, static)"},
      {"reviews", "target \"reviews\": no scheme (known: xds, dns, static)"},
      {":///x", "target \":///x\": no scheme (known: xds, dns, static)"},
      {"a b:c", "target \"a b:c\": no scheme (known: xds, dns, static)"},
      {"x\n:c", "target \"x\\n:c\": no scheme (known: xds, dns, static)"},
      {"[::1]:80", "target \"[::1]:80\": no scheme (known: xds, dns, static)"},
      {"xds:", "target \"xds:\": the name is empty"},
      {"xds:///", "target \"xds:///\": the name is empty"},
      {"xds://auth/", "target \"xds://auth/\": the name is empty"},
      {"dns:/", "target \"dns:/\": the name is empty"},
      {"xds://svc",
       "target \"xds://svc\": no name after the authority \"svc\"; write xds:///svc if it is the "
       "name"},
      {"xds:///a?b",
       "target \"xds:///a?b\": a query or a fragment means nothing here; write %3F for ?, %23 for "
       "#"},
      {"static://h/a:1",
       "target \"static://h/a:1\": a static target has no authority, but this one has \"h\""},
  };
  for (const Case& c : cases) {
    const absl::StatusOr<Target> target = Target::Parse(c.target);
    EXPECT_EQ(target.status(), absl::InvalidArgumentError(c.error)) << c.target;
  }
}

}  // namespace
}  // namespace mesh::resolver
