#include "mesh/xds/discovery_response.h"

#include <memory>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "mesh/xds/proto/discovery.pb.h"

namespace mesh::xds {
namespace {

constexpr char kWrapper[] = "type.googleapis.com/envoy.service.discovery.v3.Resource";

discovery::DiscoveryResponse Sample() {
  discovery::DiscoveryResponse proto;
  proto.set_version_info("v1");
  proto.set_nonce("n1");
  proto.set_type_url("type.googleapis.com/t");
  proto.mutable_control_plane()->set_identifier("cp");
  auto* plain = proto.add_resources();
  plain->set_type_url("type.googleapis.com/t");
  plain->set_value("plain value");
  discovery::Resource wrapper;
  wrapper.set_name("wrapped");
  wrapper.set_version("7");
  wrapper.mutable_ttl()->set_seconds(3);
  wrapper.mutable_resource()->set_type_url("type.googleapis.com/t");
  wrapper.mutable_resource()->set_value("wrapped value");
  auto* any = proto.add_resources();
  any->set_type_url(kWrapper);
  any->set_value(wrapper.SerializeAsString());
  auto* error = proto.add_resource_errors();
  error->mutable_resource_name()->set_name("gone");
  error->mutable_error_detail()->set_code(5);
  error->mutable_error_detail()->set_message("no such thing");
  return proto;
}

TEST(DiscoveryResponseTest, ReadsWhatProtobufWrites) {
  const std::string bytes = Sample().SerializeAsString();
  const auto response = DiscoveryResponseView::Parse(bytes);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->version_info, "v1");
  EXPECT_EQ(response->nonce, "n1");
  EXPECT_EQ(response->type_url, "type.googleapis.com/t");
  ASSERT_EQ(response->resources.size(), 2u);
  EXPECT_EQ(response->resources[0].type_url, "type.googleapis.com/t");
  EXPECT_EQ(response->resources[0].bytes, "plain value");
  EXPECT_EQ(response->resources[0].wrapper_name, "");
  EXPECT_FALSE(response->resources[0].malformed);
  EXPECT_EQ(response->resources[1].type_url, "type.googleapis.com/t");
  EXPECT_EQ(response->resources[1].bytes, "wrapped value");
  EXPECT_EQ(response->resources[1].wrapper_name, "wrapped");
  EXPECT_FALSE(response->resources[1].malformed);
  ASSERT_EQ(response->errors.size(), 1u);
  EXPECT_EQ(response->errors[0].name, "gone");
  EXPECT_EQ(response->errors[0].code, 5);
  EXPECT_EQ(response->errors[0].message, "no such thing");
}

TEST(DiscoveryResponseTest, ViewsAreOfTheBytesGiven) {
  const std::string bytes = Sample().SerializeAsString();
  const auto response = DiscoveryResponseView::Parse(bytes);
  ASSERT_TRUE(response.ok());
  for (const ResourceView& resource : response->resources) {
    EXPECT_GE(resource.bytes.data(), bytes.data());
    EXPECT_LE(resource.bytes.data() + resource.bytes.size(), bytes.data() + bytes.size());
  }
}

TEST(DiscoveryResponseTest, AMalformedResourceIsThatResourcesError) {
  discovery::DiscoveryResponse proto = Sample();
  proto.mutable_resources(1)->set_value("\xff");
  std::string bytes = proto.SerializeAsString();
  bytes += "\x12\x01\xff";  // an Any that is none
  const auto response = DiscoveryResponseView::Parse(bytes);
  ASSERT_TRUE(response.ok());
  ASSERT_EQ(response->resources.size(), 3u);
  EXPECT_FALSE(response->resources[0].malformed);
  EXPECT_TRUE(response->resources[1].malformed);
  EXPECT_TRUE(response->resources[2].malformed);
}

TEST(DiscoveryResponseTest, AWrapperInAWrapperIsNotUnwrappedTwice) {
  discovery::Resource inner, outer;
  inner.mutable_resource()->set_value("x");
  outer.mutable_resource()->set_type_url(kWrapper);
  outer.mutable_resource()->set_value(inner.SerializeAsString());
  discovery::DiscoveryResponse proto;
  auto* any = proto.add_resources();
  any->set_type_url(kWrapper);
  any->set_value(outer.SerializeAsString());
  const std::string bytes = proto.SerializeAsString();
  const auto response = DiscoveryResponseView::Parse(bytes);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->resources[0].type_url, kWrapper);  // which is then the wrong type
}

TEST(DiscoveryResponseTest, AResponseOfNothingButResourcesIsRefused) {
  const struct {
    size_t resource_bytes;  // with its tag and length
    int most;
  } kCases[] = {
      {2, 1066},       // no resource is as small: a thousand, and one for every 32 bytes
      {100, 1 << 18},  // no response has as many
  };
  for (const auto& test : kCases) {
    const std::string resource = "\x12" +
                                 std::string(1, static_cast<char>(test.resource_bytes - 2)) +
                                 std::string(test.resource_bytes - 2, '\xff');
    std::string bytes;
    for (int i = 0; i < test.most; ++i) bytes += resource;
    EXPECT_TRUE(DiscoveryResponseView::Parse(bytes).ok()) << test.resource_bytes;
    bytes += resource;
    EXPECT_EQ(DiscoveryResponseView::Parse(bytes).status().code(),
              absl::StatusCode::kResourceExhausted)
        << test.resource_bytes;
  }
}

// Protobuf is the oracle: what we can read, and it can, we read alike; and no bytes make us read
// out of bounds.
TEST(DiscoveryResponseTest, AgreesWithProtobufOnDamagedBytes) {
  const std::string good = Sample().SerializeAsString();
  std::mt19937 random(20240607);
  int both = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = good;
    if (round % 2 == 1) bytes.resize(random() % bytes.size());
    const int changes = random() % 3;
    for (int i = 0; i < changes && !bytes.empty(); ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const std::unique_ptr<char[]> exact(new char[bytes.size()]);
    bytes.copy(exact.get(), bytes.size());
    const auto response =
        DiscoveryResponseView::Parse(absl::string_view(exact.get(), bytes.size()));
    discovery::DiscoveryResponse proto;
    if (!response.ok() || !proto.ParseFromString(bytes)) continue;
    ++both;
    EXPECT_EQ(response->version_info, proto.version_info());
    EXPECT_EQ(response->nonce, proto.nonce());
    EXPECT_EQ(response->type_url, proto.type_url());
    ASSERT_EQ(response->resources.size(), static_cast<size_t>(proto.resources_size()));
    for (int i = 0; i < proto.resources_size(); ++i) {
      const ResourceView& resource = response->resources[i];
      if (resource.malformed || proto.resources(i).type_url() == kWrapper) continue;
      EXPECT_EQ(resource.bytes, proto.resources(i).value());
    }
  }
  EXPECT_GT(both, 1000);
}

}  // namespace
}  // namespace mesh::xds
