// Load reports, read by hand: against what others write, and against protobuf.

#include "mesh/xds/load_report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "mesh/base/random.h"
#include "tests/testing/orca.pb.h"

namespace mesh::xds {
namespace {

using mesh::testing::OrcaLoadReport;

// Of the official message: cpu 0.5, mem 0.25, rps 7, rps_fractional 10.5, eps 1.5, application
// 0.75, request_cost {db: 3487}, utilization {gpu: 0.9}, named_metrics {queue.depth: 2}; as the
// Python package xds-protos 1.85.0 writes it.
constexpr char kOfficial[] =
    "09000000000000e03f11000000000000d03f1807220d0a0264621100000000003eab402a0e0a0367707511cdcccccc"
    "ccccec3f31000000000000254039000000000000f83f42160a0b71756575652e646570746811000000000000004049"
    "000000000000e83f";

std::optional<model::LoadReport> Parse(absl::string_view bytes,
                                       const std::vector<std::string>& names = {}) {
  // On the heap and of the exact size, so that a sanitizer sees one byte too many.
  const std::unique_ptr<char[]> copy(new char[bytes.size()]);
  bytes.copy(copy.get(), bytes.size());
  return ParseLoadReport({absl::string_view(copy.get(), bytes.size())}, names);
}

using Entries = google::protobuf::RepeatedPtrField<OrcaLoadReport::Entry>;

void Add(const std::string& key, double value, Entries* entries) {
  OrcaLoadReport::Entry* const entry = entries->Add();
  entry->set_key(key);
  entry->set_value(value);
}

double Named(const std::vector<std::string>& names) {
  return Parse(absl::HexStringToBytes(kOfficial), names)->named_utilization;
}

TEST(LoadReportTest, ReadsWhatOthersWrite) {
  const auto report = Parse(absl::HexStringToBytes(kOfficial));
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->cpu_utilization, 0.5);
  EXPECT_EQ(report->qps, 10.5);
  EXPECT_EQ(report->eps, 1.5);
  EXPECT_EQ(report->application_utilization, 0.75);
  EXPECT_EQ(report->named_utilization, 0);
}

TEST(LoadReportTest, TheGreatestOfTheNamedMetrics) {
  EXPECT_EQ(Named({"mem_utilization"}), 0.25);
  EXPECT_EQ(Named({"cpu_utilization", "mem_utilization"}), 0.5);
  EXPECT_EQ(Named({"application_utilization"}), 0.75);
  EXPECT_EQ(Named({"eps"}), 1.5);
  EXPECT_EQ(Named({"rps_fractional"}), 10.5);
  EXPECT_EQ(Named({"utilization.gpu", "mem_utilization"}), 0.9);
  EXPECT_EQ(Named({"named_metrics.queue.depth", "utilization.gpu"}), 2);
  EXPECT_EQ(Named({"request_cost.db"}), 3487);
  for (const char* unknown :
       {"", ".", "gpu", "utilization", "utilization.", "utilization.gp", "utilization.gpu2",
        "named_metrics.queue", "named_metrics.gpu", "utilization..gpu", "rps", "nothing.gpu"}) {
    EXPECT_EQ(Named({unknown}), 0) << unknown;
    EXPECT_EQ(Named({unknown, "mem_utilization"}), 0.25) << unknown;
  }
}

TEST(LoadReportTest, ValuesThatAreNoUtilizationAreLeftOut) {
  OrcaLoadReport message;
  Add("nan", std::numeric_limits<double>::quiet_NaN(), message.mutable_named_metrics());
  Add("infinite", std::numeric_limits<double>::infinity(), message.mutable_named_metrics());
  Add("negative", -1, message.mutable_named_metrics());
  Add("small", 0.125, message.mutable_named_metrics());
  const std::string bytes = message.SerializeAsString();
  const auto named = [&bytes](const std::vector<std::string>& names) {
    return Parse(bytes, names)->named_utilization;
  };
  EXPECT_EQ(named({"named_metrics.nan", "named_metrics.small"}), 0.125);
  EXPECT_EQ(named({"named_metrics.small", "named_metrics.nan"}), 0.125);
  EXPECT_EQ(named({"named_metrics.infinite", "named_metrics.small"}), 0.125);
  EXPECT_EQ(named({"named_metrics.negative"}), 0);
}

TEST(LoadReportTest, NothingIsAReportThatSaysNothing) {
  const auto report = Parse("");
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->qps, 0);
}

TEST(LoadReportTest, MalformedBytesAreNoReport) {
  const std::string whole = absl::HexStringToBytes(kOfficial);
  const struct {
    const char* what;
    std::string bytes;
  } cases[] = {
      {"a number cut short", absl::HexStringToBytes("0900000000")},
      {"an entry cut short", absl::HexStringToBytes("220d0a026462")},
      {"an entry that is malformed", absl::HexStringToBytes("22020aff")},
      {"no message", "not a report"},
      {"more after it", whole + "\xff"},
  };
  for (const auto& c : cases) EXPECT_FALSE(Parse(c.bytes).has_value()) << c.what;
}

TEST(LoadReportTest, AsText) {
  const std::vector<std::string> names = {"named_metrics.queue.depth", "mem_utilization"};
  const std::string base64 = absl::Base64Escape(absl::HexStringToBytes(kOfficial));
  for (const std::string& text :
       {std::string("cpu_utilization:0.5,mem_utilization:0.25,rps_fractional:10.5,eps:1.5,"
                    "application_utilization:0.75,named_metrics.queue.depth:2"),
        std::string(
            "TEXT cpu_utilization=0.5, mem_utilization=0.25 , rps_fractional = 10.5, eps=1.5, "
            "unknown=7, utilization=8, rps=7, application_utilization=0.75, "
            "cpu_utilization.x=1, named_metrics.queue.depth=2"),
        "BIN " + base64}) {
    const auto report = ParseLoadReport({text, true}, names);
    ASSERT_TRUE(report.has_value()) << text;
    EXPECT_EQ(report->cpu_utilization, 0.5) << text;
    EXPECT_EQ(report->qps, 10.5) << text;
    EXPECT_EQ(report->eps, 1.5) << text;
    EXPECT_EQ(report->application_utilization, 0.75) << text;
    EXPECT_EQ(report->named_utilization, 2) << text;
  }
}

TEST(LoadReportTest, MalformedTextIsNoReport) {
  for (const char* text : {"", "cpu_utilization", "cpu_utilization:", "cpu_utilization:x",
                           "cpu_utilization:nan", "cpu_utilization:inf", "cpu_utilization:0.5,",
                           "JSON {\"cpu_utilization\": 0.5}", "BIN ====", "BIN //8=", "0.5"}) {
    EXPECT_FALSE(ParseLoadReport({text, true}, {}).has_value()) << text;
  }
}

// Fields that come twice, in any order, unknown ones between them.
TEST(LoadReportTest, AgreesWithProtobuf) {
  const std::vector<std::string> names = {"utilization.a", "named_metrics.b", "mem_utilization"};
  const std::unique_ptr<Random> random = NewSeededRandom(78);
  const std::string unknown = absl::HexStringToBytes("9a0103616263");  // field 19
  int malformed = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes;
    for (uint64_t part = random->NextBelow(4); part < 4; ++part) {
      OrcaLoadReport message;
      const auto number = [&random] { return static_cast<double>(random->NextBelow(1000)) / 100; };
      if (random->NextBelow(2) == 0) message.set_cpu_utilization(number());
      if (random->NextBelow(2) == 0) message.set_mem_utilization(number());
      if (random->NextBelow(2) == 0) message.set_rps(random->NextBelow(1000));
      if (random->NextBelow(2) == 0) message.set_rps_fractional(number());
      if (random->NextBelow(2) == 0) message.set_eps(number());
      if (random->NextBelow(2) == 0) message.set_application_utilization(number());
      for (const char* key : {"a", "b"}) {
        if (random->NextBelow(2) == 0) Add(key, number(), message.mutable_utilization());
        if (random->NextBelow(2) == 0) Add(key, number(), message.mutable_named_metrics());
        if (random->NextBelow(2) == 0) Add(key, number(), message.mutable_request_cost());
      }
      bytes += message.SerializeAsString();
      if (random->NextBelow(4) == 0) bytes += unknown;
    }
    if (!bytes.empty() && random->NextBelow(2) == 0) {
      bytes[random->NextBelow(bytes.size())] = static_cast<char>(random->NextBelow(256));
    }
    if (!bytes.empty() && random->NextBelow(4) == 0) bytes.resize(random->NextBelow(bytes.size()));
    OrcaLoadReport twin;
    const bool parses = twin.ParseFromString(bytes);
    const auto report = Parse(bytes, names);
    if (!parses) ++malformed;
    // Groups, which proto3 has not, are malformed here.
    if (!report.has_value() && parses) continue;
    ASSERT_EQ(report.has_value(), parses) << absl::BytesToHexString(bytes);
    if (!parses) continue;
    const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
    EXPECT_TRUE(same(report->cpu_utilization, twin.cpu_utilization()));
    EXPECT_TRUE(same(report->qps, twin.rps_fractional()));
    EXPECT_TRUE(same(report->eps, twin.eps()));
    EXPECT_TRUE(same(report->application_utilization, twin.application_utilization()));
    double greatest = std::isfinite(twin.mem_utilization()) ? twin.mem_utilization() : 0;
    const auto count = [&greatest](const Entries& entries, const std::string& key) {
      double value = 0;  // the last one
      for (const OrcaLoadReport::Entry& entry : entries) {
        if (entry.key() == key) value = entry.value();
      }
      if (std::isfinite(value)) greatest = std::max(greatest, value);
    };
    count(twin.utilization(), "a");
    count(twin.named_metrics(), "b");
    greatest = std::max(greatest, 0.0);
    ASSERT_EQ(report->named_utilization, greatest) << absl::BytesToHexString(bytes);
  }
  EXPECT_GT(malformed, 1000);
}

}  // namespace
}  // namespace mesh::xds
