#ifndef MESH_TOOLS_JSON_TEXT_H_
#define MESH_TOOLS_JSON_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace mesh::tools {

// `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
std::string JsonString(absl::string_view text);

// Writes one JSON value on one line, commas placed by itself:
//
//   JsonText json;
//   json.Open('{').Key("calls").Number(3).Key("ok").Bool(true).Close('}');
//
// Thread-compatible.
class JsonText {
 public:
  JsonText& Open(char bracket);
  JsonText& Close(char bracket);
  JsonText& Key(absl::string_view key);
  JsonText& String(absl::string_view value);
  JsonText& Number(uint64_t value);
  JsonText& Number(double value, int digits = 3);  // after the point. REQUIRES: finite
  JsonText& Bool(bool value);

  const std::string& text() const { return text_; }

 private:
  void Separate();

  std::string text_;
  bool needs_comma_ = false;
};

}  // namespace mesh::tools

#endif  // MESH_TOOLS_JSON_TEXT_H_
