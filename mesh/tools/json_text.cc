#include "mesh/tools/json_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mesh::tools {
namespace {

// The length of the UTF-8 sequence at the front of `text`; 0 if there is none.
size_t Utf8Length(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  if (byte(0) < 0x80) return 1;
  if (byte(0) >= 0xC2 && byte(0) <= 0xDF) return continues(1) ? 2 : 0;
  if ((byte(0) & 0xF0) == 0xE0) {
    if (!continues(1) || !continues(2)) return 0;
    if (byte(0) == 0xE0 && byte(1) < 0xA0) return 0;
    return byte(0) == 0xED && byte(1) > 0x9F ? 0 : 3;
  }
  if (byte(0) >= 0xF0 && byte(0) <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (byte(0) == 0xF0 && byte(1) < 0x90) return 0;
    return byte(0) == 0xF4 && byte(1) > 0x8F ? 0 : 4;
  }
  return 0;
}

}  // namespace

std::string JsonString(absl::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const unsigned char c = static_cast<unsigned char>(text[0]);
    size_t length = Utf8Length(text);
    if (c == '"' || c == '\\') {
      absl::StrAppend(&out, "\\", text.substr(0, 1));
    } else if (c == '\n') {
      out += "\\n";
    } else if (c < 0x20 || c == 0x7F) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<int>(c));
    } else if (length == 0) {
      out += "\\ufffd";
      length = 1;
    } else {
      absl::StrAppend(&out, text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  return out + "\"";
}

void JsonText::Separate() {
  if (needs_comma_) text_ += ',';
  needs_comma_ = true;
}

JsonText& JsonText::Open(char bracket) {
  Separate();
  text_ += bracket;
  needs_comma_ = false;
  return *this;
}

JsonText& JsonText::Close(char bracket) {
  text_ += bracket;
  needs_comma_ = true;
  return *this;
}

JsonText& JsonText::Key(absl::string_view key) {
  Separate();
  absl::StrAppend(&text_, JsonString(key), ":");
  needs_comma_ = false;
  return *this;
}

JsonText& JsonText::String(absl::string_view value) {
  Separate();
  text_ += JsonString(value);
  return *this;
}

JsonText& JsonText::Number(uint64_t value) {
  Separate();
  absl::StrAppend(&text_, value);
  return *this;
}

JsonText& JsonText::Number(double value, int digits) {
  Separate();
  absl::StrAppendFormat(&text_, "%.*f", digits, value);
  return *this;
}

JsonText& JsonText::Bool(bool value) {
  Separate();
  text_ += value ? "true" : "false";
  return *this;
}

}  // namespace mesh::tools
