#include "tests/vectors/runner.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <ostream>
#include <sstream>
#include <system_error>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "mesh/base/field_errors.h"
#include "mesh/xds/json.h"
#include "tests/vectors/difference.h"

namespace mesh::vectors {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

// What stands for a row that has no usable id.
std::string Place(int index) { return absl::StrCat("[", index, "]"); }

const Struct* ObjectOf(const Struct& row, const std::string& key, FieldErrors* errors) {
  const auto found = row.fields().find(key);
  if (found != row.fields().end() && found->second.has_struct_value()) {
    return &found->second.struct_value();
  }
  errors->Add(key, found == row.fields().end() ? "not there" : "not an object");
  return nullptr;
}

}  // namespace

Runner::Runner(std::ostream* out) : out_(out) {
  for (std::vector<Family> some : {LoadFamilies(), HashFamilies()}) {
    for (Family& family : some) families_.emplace(family.name, family);
  }
}

void Runner::RunText(const std::string& family, absl::string_view text) {
  const auto found = families_.find(family);
  if (found == families_.end()) return Fail(family, "-", "unknown family");
  // What reads JSON here reads objects.
  const absl::StatusOr<Struct> file = xds::ParseJsonObject(absl::StrCat("{\"rows\":", text, "}"));
  if (!file.ok()) return Fail(family, "-", std::string(file.status().message()));
  const auto rows = file->fields().find("rows");
  if (file->fields_size() != 1 || rows == file->fields().end() || !rows->second.has_list_value()) {
    return Fail(family, "-", "not a list of rows");
  }
  const auto& list = rows->second.list_value();
  if (list.values_size() == 0) return Fail(family, "-", "no row");
  for (int i = 0; i < list.values_size(); ++i) RunRow(found->second, list.values(i), i);
}

void Runner::RunRow(const Family& family, const Value& value, int index) {
  if (!value.has_struct_value()) return Fail(family.name, Place(index), "row: not an object");
  const Struct& row = value.struct_value();
  const auto id = row.fields().find("id");
  if (id == row.fields().end() || id->second.string_value().empty()) {
    return Fail(family.name, Place(index), "row: id: not there, or no text");
  }
  const std::string& name = id->second.string_value();

  FieldErrors errors;
  const Struct* input = ObjectOf(row, "input", &errors);
  const Struct* expected = ObjectOf(row, "expected", &errors);
  std::optional<Answer> answer;
  if (input != nullptr) {
    const FieldErrors::Scope scope(&errors, "input");
    RowObject object(input, &errors);
    answer = family.compute(&object);
    object.RefuseUnknown();
  }
  if (expected != nullptr) {
    const FieldErrors::Scope scope(&errors, "expected");
    for (const std::string& key : family.expected) {
      if (expected->fields().count(key) == 0) errors.Add(key, "not there");
    }
  }
  if (!errors.ok()) {
    return Fail(family.name, name,
                std::string(errors.ToStatus(absl::StatusCode::kInvalidArgument, "row").message()));
  }
  const auto difference = FindDifference(*expected, answer->object(), family.tolerance);
  if (!difference) return Pass(family.name, name);
  Fail(family.name, name,
       absl::StrCat("expected ", difference->expected, " got ", difference->got, " at ",
                    difference->path));
}

void Runner::RunFolder(const std::string& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".json") files.push_back(it->path());
  }
  if (error) return Fail("-", folder, error.message());
  if (files.empty()) return Fail("-", folder, "no .json file there");
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file || !text) {
      Fail(path.stem().string(), "-", "cannot be read");
    } else {
      RunText(path.stem().string(), text.str());
    }
  }
}

void Runner::Pass(const std::string& family, const std::string& id) {
  ++passed_;
  *out_ << family << " " << absl::CHexEscape(id) << " ok\n";
}

void Runner::Fail(const std::string& family, const std::string& id, const std::string& why) {
  ++failed_;
  *out_ << family << " " << absl::CHexEscape(id) << " FAIL " << why << "\n";
}

}  // namespace mesh::vectors
