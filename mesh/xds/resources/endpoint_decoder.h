#ifndef MESH_XDS_RESOURCES_ENDPOINT_DECODER_H_
#define MESH_XDS_RESOURCES_ENDPOINT_DECODER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "mesh/model/endpoints.h"
#include "mesh/xds/proto/endpoint.pb.h"
#include "mesh/xds/resources/decoding.h"

namespace mesh::xds {

// Names of fields that do nothing, as bits of a word, so that a hundred thousand endpoints can
// each remember theirs. Bits keep their meaning as names are added. Copyable value.
class FieldNames {
 public:
  // The bits of `names`, new ones included. All names beyond the 31st share the last bit.
  uint32_t Bits(const std::vector<std::string>& names);
  std::vector<std::string> Names(uint32_t bits) const;

 private:
  std::vector<std::string> names_;
};

struct DecodedEndpoint {
  model::EndpointConfig config;
  uint32_t ignored = 0;                 // bits of FieldNames
  std::vector<std::string> additional;  // further addresses, which its extras have too
};

// Decodes endpoints (envoy.config.endpoint.v3.LbEndpoint) one after the other.
// Thread-compatible.
class EndpointDecoder {
 public:
  // `names` outlives the decoder.
  EndpointDecoder(Profile profile, const FieldTable* fields, FieldNames* names)
      : profile_(profile), fields_(fields), names_(names) {}

  // Notes in `errors`, below its current path, what is wrong with the endpoint; the result then
  // means nothing.
  DecodedEndpoint Decode(absl::string_view bytes, FieldErrors* errors);

 private:
  DecodedEndpoint DecodeMessage(Decoding* decoding);
  std::shared_ptr<const model::EndpointExtras> DecodeExtras(
      const std::vector<std::string>& additional_addresses, Decoding* decoding);

  const Profile profile_;
  const FieldTable* const fields_;
  FieldNames* const names_;
  proto::LbEndpoint message_;  // kept, so that its parts are allocated once
  // Those of the last endpoint that had any: endpoints in a row that have the same share them.
  std::shared_ptr<const model::EndpointExtras> extras_;
};

}  // namespace mesh::xds

#endif  // MESH_XDS_RESOURCES_ENDPOINT_DECODER_H_
