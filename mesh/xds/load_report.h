#ifndef MESH_XDS_LOAD_REPORT_H_
#define MESH_XDS_LOAD_REPORT_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "mesh/model/load_report.h"

namespace mesh::xds {

// The trailing metadata in which a server reports its load with the answer to a call: as the bytes
// of an xds.data.orca.v3.OrcaLoadReport (gRFC A51), or as text (Envoy, orca_parser.cc), which
// servers may send as well. gRPC's C++ library takes the first for its own policies and shows it to
// no application (1.51 and later ones, PublishToAppEncoder): other transports may.
inline constexpr absl::string_view kLoadReportKey = "endpoint-load-metrics-bin";
inline constexpr absl::string_view kLoadReportTextKey = "endpoint-load-metrics";

// A load report as it came. A view.
struct EncodedLoadReport {
  absl::string_view value;  // empty: none
  bool is_text = false;     // under which key
};

// Reads a load report; nothing if it is malformed.
//
// As text it is `cpu_utilization:0.5, rps_fractional:10, named_metrics.queue:2`, or the same after
// `TEXT `, or `BIN ` and the bytes in base64; each `:` may be a `=`. JSON is not read.
//
// `metric_names` are those of which `named_utilization` is the greatest (gRFC A114): fields, as
// `mem_utilization`, or values of its maps, as `named_metrics.queue` and `utilization.gpu`. Names
// that are not there count for nothing.
//
// By hand, because this is done at the end of calls, for a few numbers: it allocates nothing for
// plain bytes or text, whatever they hold, and for up to four names.
std::optional<model::LoadReport> ParseLoadReport(const EncodedLoadReport& report,
                                                 absl::Span<const std::string> metric_names);

}  // namespace mesh::xds

#endif  // MESH_XDS_LOAD_REPORT_H_
