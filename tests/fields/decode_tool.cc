// What the decoders make of resources, for programs that cannot link them.
//
//   decode_tool            reads lines `TYPE PROFILE HEX`; answers each with a line of JSON:
//                          {"error": "...", "ignored": ["...", ...]}
//   decode_tool --declare  prints all declarations as JSON
//   decode_tool --markdown prints them as docs/fields.md
//
// TYPE is Listener, RouteConfiguration, Cluster or ClusterLoadAssignment; PROFILE is mesh, envoy or
// grpc.

#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "mesh/model/cluster.h"
#include "mesh/model/endpoints.h"
#include "mesh/model/route.h"
#include "mesh/tools/json_text.h"
#include "mesh/xds/resources/declared_fields.h"
#include "mesh/xds/resources/model_resource.h"
#include "mesh/xds/resources/types.h"

namespace mesh::xds {
namespace {

template <typename T>
std::vector<std::string> IgnoredOf(const std::shared_ptr<const Resource>& resource) {
  return ModelOf<T>(resource)->ignored;
}

std::string Answer(const ResourceTypes& types, absl::string_view type, absl::string_view bytes) {
  const struct {
    absl::string_view name;
    const ResourceType* type;
    std::vector<std::string> (*ignored)(const std::shared_ptr<const Resource>&);
  } kKinds[] = {
      {"Listener", types.listener.get(), IgnoredOf<model::Listener>},
      {"RouteConfiguration", types.route_configuration.get(), IgnoredOf<model::RouteConfiguration>},
      {"Cluster", types.cluster.get(), IgnoredOf<model::Cluster>},
      {"ClusterLoadAssignment", types.cluster_load_assignment.get(),
       IgnoredOf<model::ClusterLoadAssignment>},
  };
  for (const auto& kind : kKinds) {
    if (kind.name != type) continue;
    const DecodeResult result = kind.type->Decode(bytes, [](absl::string_view) { return nullptr; });
    std::string out =
        absl::StrCat("{\"error\": ", tools::JsonString(result.error.message()), ", \"ignored\": [");
    if (result.resource != nullptr) {
      const char* comma = "";
      for (const std::string& name : kind.ignored(result.resource)) {
        absl::StrAppend(&out, comma, tools::JsonString(name));
        comma = ", ";
      }
    }
    return absl::StrCat(out, "]}");
  }
  return "{\"error\": \"decode_tool: unknown type\", \"ignored\": []}";
}

int Serve() {
  std::map<std::string, ResourceTypes> by_profile;
  by_profile.emplace("mesh", NewResourceTypes(Profile::kMesh));
  by_profile.emplace("envoy", NewResourceTypes(Profile::kEnvoy));
  by_profile.emplace("grpc", NewResourceTypes(Profile::kGrpc));
  std::string line;
  while (std::getline(std::cin, line)) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    const auto types = words.size() == 3 ? by_profile.find(words[1]) : by_profile.end();
    if (types == by_profile.end()) {
      std::cerr << "decode_tool: not `TYPE PROFILE HEX`: " << line << "\n";
      return 2;
    }
    std::cout << Answer(types->second, words[0], absl::HexStringToBytes(words[2])) << std::endl;
  }
  return 0;
}

int Declare() {
  const char* comma = "[";
  for (const MessageDeclaration& message : AllFields()) {
    for (const FieldDeclaration& field : message.fields) {
      std::cout << comma << "\n{\"message\": " << tools::JsonString(message.official)
                << ", \"number\": " << field.number
                << ", \"name\": " << tools::JsonString(field.name)
                << ", \"reason\": " << tools::JsonString(field.reason)
                << ", \"mesh\": " << tools::JsonString(ToString(field.In(Profile::kMesh)))
                << ", \"envoy\": " << tools::JsonString(ToString(field.In(Profile::kEnvoy)))
                << ", \"grpc\": " << tools::JsonString(ToString(field.In(Profile::kGrpc))) << "}";
      comma = ",";
    }
    if (message.fields.empty()) {
      std::cout << comma << "\n{\"message\": " << tools::JsonString(message.official)
                << ", \"number\": 0}";
      comma = ",";
    }
  }
  std::cout << "\n]\n";
  return 0;
}

// A cell of a Markdown table.
std::string Cell(absl::string_view text) { return absl::StrReplaceAll(text, {{"|", "\\|"}}); }

int Markdown() {
  std::cout << "# Fields\n\n"
               "What becomes of every xDS field that a resource carries: *honoured* does what it "
               "says, *advisory* does\nnothing here and is listed by name, *must-understand* has "
               "the resource refused, with the field's path.\nA field that is not here is "
               "advisory. Where profile `grpc` differs, it stands behind a slash.\n\n"
               "This page is printed by `decode_tool --markdown` (`tests/fields/`) from the "
               "declarations beside the\ndecoders (`mesh/xds/resources/*_fields.cc`); "
               "`tests/fields/fields_test.py` holds the decoders to them with\nthe official "
               "messages.\n";
  for (const MessageDeclaration& message : AllFields()) {
    if (message.fields.empty()) continue;
    // An entry of a map has no name of its own.
    std::cout << "\n## " << (message.official.empty() ? message.message : message.official)
              << "\n\n| field | | |\n| --- | --- | --- |\n";
    for (const FieldDeclaration& field : message.fields) {
      std::string disposition(ToString(field.disposition));
      std::string reason(field.reason);
      if (field.grpc_disposition != field.disposition) {
        absl::StrAppend(&disposition, " / ", ToString(field.grpc_disposition));
        absl::StrAppend(&reason, reason.empty() ? "/ " : " / ", field.grpc_reason);
      }
      std::cout << "| " << field.name << " | " << disposition << " | " << Cell(reason) << " |\n";
    }
  }
  return 0;
}

}  // namespace
}  // namespace mesh::xds

int main(int argc, char** argv) {
  const absl::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "--declare") return mesh::xds::Declare();
  if (mode == "--markdown") return mesh::xds::Markdown();
  return mesh::xds::Serve();
}
