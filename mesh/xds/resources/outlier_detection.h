#ifndef MESH_XDS_RESOURCES_OUTLIER_DETECTION_H_
#define MESH_XDS_RESOURCES_OUTLIER_DETECTION_H_

#include "mesh/model/outlier_detection.h"
#include "mesh/xds/proto/outlier_detection.pb.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// When endpoints are ejected, by Envoy's rules or by gRPC's (gRFC A50), which have no consecutive
// detectors and mean the cap in another way. Notes what is wrong at the current path of the
// decoding; what it returns then means nothing.
model::OutlierDetection DecodeOutlierDetection(const proto::OutlierDetection& config,
                                               Decoding* decoding);

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_OUTLIER_DETECTION_H_
