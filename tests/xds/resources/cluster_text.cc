#include "tests/xds/resources/cluster_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mesh/xds/proto/cluster.pb.h"
#include "tests/xds/resources/resource_text.h"

namespace mesh::xds {

DecodeResult DecodeCluster(Profile profile, const std::string& fields) {
  return DecodeBytes(
      *NewResourceTypes(profile).cluster,
      Serialized<proto::Cluster>(
          "name: 'c' type: EDS eds_cluster_config { eds_config { ads { } } } " + fields));
}

model::Cluster GoodCluster(Profile profile, const std::string& fields) {
  const DecodeResult result = DecodeCluster(profile, fields);
  EXPECT_TRUE(result.error.ok()) << result.error << " in " << fields;
  return result.resource == nullptr ? model::Cluster() : *ModelOf<model::Cluster>(result.resource);
}

void CheckClusters(const std::vector<Profile>& profiles, const std::vector<ClusterCase>& cases) {
  for (const Profile profile : profiles) {
    for (const ClusterCase& test : cases) {
      SCOPED_TRACE(testing::Message() << test.what << ", profile " << static_cast<int>(profile));
      const DecodeResult result = DecodeCluster(profile, test.fields);
      if (test.error.empty()) {
        EXPECT_TRUE(result.error.ok()) << result.error;
        EXPECT_NE(result.resource, nullptr);
      } else {
        EXPECT_THAT(std::string(result.error.message()),
                    testing::HasSubstr("cluster \"c\": " + test.error));
        EXPECT_EQ(result.resource, nullptr);
      }
    }
  }
}

}  // namespace mesh::xds
