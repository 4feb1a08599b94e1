#include "mesh/xds/resources/header_options.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mesh/xds/resources/common.h"

namespace mesh::xds {
namespace {

using Headers = model::HealthCheck::Headers;
using proto::HeaderValueOption;

constexpr int kMost = 1000;  // envoy health_check.proto

// RFC 9110, token.
bool IsToken(absl::string_view name) {
  constexpr absl::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](unsigned char c) {
    return absl::ascii_isalnum(c) || kMarks.find(static_cast<char>(c)) != absl::string_view::npos;
  });
}

// Those that say what the request is, or where it ends.
bool IsOfRequest(absl::string_view name, HeadersOf where) {
  for (const absl::string_view own : {"host", "connection", "content-length", "keep-alive",
                                      "proxy-connection", "te", "transfer-encoding", "upgrade"}) {
    if (name == own) return true;
  }
  return where == HeadersOf::kGrpc &&
         (name == "content-type" || name == "user-agent" || absl::StartsWith(name, "grpc-"));
}

// The name in lower case; empty, and noted, if it may not be set.
std::string DecodeName(absl::string_view name, HeadersOf where, Decoding* decoding) {
  std::string lower = absl::AsciiStrToLower(name);
  if (!IsToken(lower)) {
    decoding->errors.Add("not the name of a header");
  } else if (IsOfRequest(lower, where)) {
    decoding->errors.Add(absl::StrCat(lower, " may not be changed"));
  } else if (where == HeadersOf::kGrpc && absl::EndsWith(lower, "-bin")) {
    decoding->errors.Add(absl::StrCat(lower, ": binary metadata is not supported"));
  } else {
    return lower;
  }
  return std::string();
}

std::string DecodeValue(absl::string_view field, absl::string_view text, Decoding* decoding) {
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80 && !absl::ascii_isprint(c)) {
      decoding->errors.Add(field, "has control characters");
      return value;
    }
    if (c == '%' && text.substr(i, 2) != "%%") {
      decoding->errors.Add(field, "formats (%...%) are not supported");
      return value;
    }
    if (c == '%') ++i;
    value.push_back(static_cast<char>(c));
  }
  return std::string(absl::StripAsciiWhitespace(value));
}

HeaderValueOption::HeaderAppendAction ActionOf(const HeaderValueOption& option,
                                               Decoding* decoding) {
  if (!HeaderValueOption::HeaderAppendAction_IsValid(option.append_action())) {
    decoding->errors.Add("append_action", NotSupported(option.append_action(), ""));
  }
  if (!option.has_append()) return option.append_action();
  // envoy header_parser.cc refuses both.
  if (option.append_action() != HeaderValueOption::APPEND_IF_EXISTS_OR_ADD) {
    decoding->errors.Add("append", "not together with append_action");
  }
  return option.append().value() ? HeaderValueOption::APPEND_IF_EXISTS_OR_ADD
                                 : HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD;
}

void Remove(const std::string& name, Headers* headers) {
  headers->erase(std::remove_if(headers->begin(), headers->end(),
                                [&](const auto& header) { return header.first == name; }),
                 headers->end());
}

void Apply(HeaderValueOption::HeaderAppendAction action, std::pair<std::string, std::string> header,
           Headers* headers) {
  const bool exists = std::any_of(headers->begin(), headers->end(),
                                  [&](const auto& other) { return other.first == header.first; });
  switch (action) {
    case HeaderValueOption::ADD_IF_ABSENT:
      if (exists) return;
      break;
    case HeaderValueOption::OVERWRITE_IF_EXISTS:
      if (!exists) return;
      Remove(header.first, headers);
      break;
    case HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD:
      Remove(header.first, headers);
      break;
    default:  // APPEND_IF_EXISTS_OR_ADD
      break;
  }
  headers->push_back(std::move(header));
}

void Add(const HeaderValueOption& option, HeadersOf where, Headers* headers, Decoding* decoding) {
  const proto::HeaderValue& header = option.header();
  const bool is_raw = !header.raw_value().empty();
  std::string name, value;
  {
    const FieldErrors::Scope scope(&decoding->errors, "header");
    {
      const FieldErrors::Scope key(&decoding->errors, "key");
      name = DecodeName(header.key(), where, decoding);
    }
    if (is_raw && !header.value().empty()) {
      decoding->errors.Add("raw_value", "not together with value");
    }
    value = is_raw ? DecodeValue("raw_value", header.raw_value(), decoding)
                   : DecodeValue("value", header.value(), decoding);
  }
  const HeaderValueOption::HeaderAppendAction action = ActionOf(option, decoding);
  if (value.empty() && !option.keep_empty_value()) return;
  Apply(action, {std::move(name), std::move(value)}, headers);
}

bool HasTooMany(absl::string_view field, int size, Decoding* decoding) {
  if (size <= kMost) return false;
  decoding->errors.Add(field, absl::StrCat(size, " are more than ", kMost));
  return true;
}

}  // namespace

void RemoveHeaders(absl::string_view field,
                   const google::protobuf::RepeatedPtrField<std::string>& names, Headers* headers,
                   Decoding* decoding) {
  if (HasTooMany(field, names.size(), decoding)) return;
  for (int i = 0; i < names.size(); ++i) {
    const FieldErrors::Scope scope(&decoding->errors, field, i);
    Remove(DecodeName(names[i], HeadersOf::kHttp1, decoding), headers);
  }
}

void AddHeaders(absl::string_view field,
                const google::protobuf::RepeatedPtrField<HeaderValueOption>& options,
                HeadersOf where, Headers* headers, Decoding* decoding) {
  if (HasTooMany(field, options.size(), decoding)) return;
  for (int i = 0; i < options.size(); ++i) {
    const FieldErrors::Scope scope(&decoding->errors, field, i);
    Add(options[i], where, headers, decoding);
  }
}

}  // namespace mesh::xds
