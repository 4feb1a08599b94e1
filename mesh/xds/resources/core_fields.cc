#include "mesh/xds/resources/declared_fields.h"

namespace mesh::xds {
namespace {

constexpr FieldDeclaration kTypedExtensionConfig[] = {
    Honoured(1, "name", "for explanations"),
    Honoured(2, "typed_config"),
};

constexpr FieldDeclaration kSelfConfigSource[] = {
    Advisory(1, "transport_api_version", "version 3 is all there is"),
};

constexpr FieldDeclaration kConfigSource[] = {
    Refused(1, "path", "resources come from the control plane that named them"),
    Refused(2, "api_config_source", "resources come from the control plane that named them"),
    Honoured(3, "ads"),
    Advisory(4, "initial_fetch_timeout", "15 s, always"),
    Honoured(5, "self"),
    Honoured(6, "resource_api_version", "AUTO or V3; V2 is refused (grpc: any)"),
    Advisory(7, "authorities", "the bootstrap names authorities"),
    Refused(8, "path_config_source", "resources come from the control plane that named them"),
};

constexpr FieldDeclaration kLocality[] = {
    Honoured(1, "region"),
    Honoured(2, "zone"),
    Honoured(3, "sub_zone"),
};

constexpr FieldDeclaration kSocketAddress[] = {
    Honoured(1, "protocol", "TCP; UDP is refused (grpc: any)"),
    Honoured(2, "address", "an IP address, or a name to resolve"),
    Honoured(3, "port_value"),
    Refused(4, "named_port", "ports are numbers"),
    Refused(5, "resolver_name", "names are resolved by DNS").AdvisoryInGrpc(),
    Advisory(6, "ipv4_compat", "for servers only"),
    Refused(7, "network_namespace_filepath", "connections are made in the process's own namespace")
        .AdvisoryInGrpc(),
};

constexpr FieldDeclaration kPipe[] = {
    Honoured(1, "path"),
    Advisory(2, "mode", "for servers only"),
};

constexpr FieldDeclaration kAddress[] = {
    Honoured(1, "socket_address"),
    Honoured(2, "pipe"),
    Refused(3, "envoy_internal_address", "names a listener inside a proxy"),
};

constexpr FieldDeclaration kPercent[] = {
    Honoured(1, "value", "0 to 100"),
};

constexpr FieldDeclaration kRuntimeDouble[] = {
    Honoured(1, "default_value"),
    Advisory(2, "runtime_key", "there is no runtime layer"),
};

constexpr FieldDeclaration kFractionalPercent[] = {
    Honoured(1, "numerator"),
    Honoured(2, "denominator", "HUNDRED, TEN_THOUSAND or MILLION"),
};

constexpr FieldDeclaration kMetadata[] = {
    Honoured(1, "filter_metadata", "envoy.lb; that of others is listed"),
    Advisory(2, "typed_filter_metadata", "nothing reads it yet"),
};

constexpr FieldDeclaration kFilterMetadata[] = {
    Honoured(1, "key"),
    Honoured(2, "value"),
};

constexpr FieldDeclaration kStruct[] = {
    Honoured(1, "fields"),
};

constexpr FieldDeclaration kStructField[] = {
    Honoured(1, "key"),
    Honoured(2, "value"),
};

constexpr FieldDeclaration kValue[] = {
    Honoured(1, "null_value"),
    Honoured(2, "number_value"),
    Honoured(3, "string_value"),
    Honoured(4, "bool_value"),
    Honoured(5, "struct_value", "compared as a whole"),
    Honoured(6, "list_value", "compared as a whole, unless list_as_any says otherwise"),
};

constexpr FieldDeclaration kListValue[] = {
    Honoured(1, "values"),
};

constexpr MessageDeclaration kMessages[] = {
    {"TypedExtensionConfig", "envoy.config.core.v3.TypedExtensionConfig", kTypedExtensionConfig},
    {"AggregatedConfigSource", "envoy.config.core.v3.AggregatedConfigSource", {}},
    {"SelfConfigSource", "envoy.config.core.v3.SelfConfigSource", kSelfConfigSource},
    {"ConfigSource", "envoy.config.core.v3.ConfigSource", kConfigSource},
    {"Locality", "envoy.config.core.v3.Locality", kLocality},
    {"SocketAddress", "envoy.config.core.v3.SocketAddress", kSocketAddress},
    {"Pipe", "envoy.config.core.v3.Pipe", kPipe},
    {"Address", "envoy.config.core.v3.Address", kAddress},
    {"FractionalPercent", "envoy.type.v3.FractionalPercent", kFractionalPercent},
    {"Metadata", "envoy.config.core.v3.Metadata", kMetadata},
    {"FilterMetadata", "", kFilterMetadata},
    {"Struct", "google.protobuf.Struct", kStruct},
    {"StructField", "", kStructField},
    {"Value", "google.protobuf.Value", kValue},
    {"ListValue", "google.protobuf.ListValue", kListValue},
    {"Percent", "envoy.type.v3.Percent", kPercent},
    {"RuntimeDouble", "envoy.config.core.v3.RuntimeDouble", kRuntimeDouble},
};

}  // namespace

absl::Span<const MessageDeclaration> CoreFields() { return kMessages; }

}  // namespace mesh::xds
