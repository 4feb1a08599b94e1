#ifndef MESH_MODEL_LOAD_REPORT_H_
#define MESH_MODEL_LOAD_REPORT_H_

namespace mesh::model {

// What a server says of its load, of all its services taken together (xds.data.orca.v3
// OrcaLoadReport, gRFC A51): as it came, so that a number may be of any kind. 0: it says nothing.
// A value.
struct LoadReport {
  double qps = 0;  // queries per second
  double eps = 0;  // errors per second, of those
  // Parts of what there is, above 1 if it is more than that.
  double application_utilization = 0;
  double cpu_utilization = 0;
  // The greatest of the metrics that were asked for, of those that are finite and above 0.
  double named_utilization = 0;
};

}  // namespace mesh::model

#endif  // MESH_MODEL_LOAD_REPORT_H_
