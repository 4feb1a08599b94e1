#include "resolver/static/static_resolver.h"

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "mesh/base/field_errors.h"
#include "resolver/address.h"
#include "resolver/fixed_resolver.h"
#include "resolver/single_cluster.h"

namespace mesh::resolver {
absl::StatusOr<std::unique_ptr<Resolver>> NewStaticResolver(Serializer* serializer,
                                                            const Target& target) {
  FieldErrors errors;
  std::vector<std::string> parsed;
  absl::flat_hash_set<std::string> seen;
  const std::vector<absl::string_view> texts = absl::StrSplit(target.name, ',');
  for (size_t i = 0; i < texts.size(); ++i) {
    const FieldErrors::Scope scope(&errors, "addresses", i);
    const absl::StatusOr<Address> address = Address::Parse(texts[i]);
    if (!address.ok()) {
      errors.Add(address.status().message());
    } else if (!seen.insert(address->ToString()).second) {
      errors.Add(absl::StrCat(address->ToString(), " is there twice"));
    } else {
      parsed.push_back(address->ToString());
    }
  }
  if (!errors.ok()) {
    return errors.ToStatus(absl::StatusCode::kInvalidArgument,
                           absl::StrCat("target \"static:///", target.name, "\""));
  }
  return NewFixedResolver(serializer, NewSingleCluster("static", target.name, parsed));
}

}  // namespace mesh::resolver
