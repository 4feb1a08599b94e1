#include "tests/xds/resources/resource_text.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace mesh::xds {

std::string AnyText(absl::string_view type, absl::string_view value) {
  return absl::StrCat("{ type_url: 'type.googleapis.com/", type, "' value: '", absl::CEscape(value),
                      "' }");
}

}  // namespace mesh::xds
