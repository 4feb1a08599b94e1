#ifndef MESH_XDS_LIMITED_LOG_H_
#define MESH_XDS_LIMITED_LOG_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "mesh/base/clock.h"
#include "mesh/base/log.h"

namespace mesh::xds {

// Warns at most once a second, however often a peer gives cause to: what falls in between is
// counted, and the next line says how much it was. Serializer-bound.
class LimitedLog {
 public:
  // `clock` must outlive the log.
  LimitedLog(LogSink sink, const Clock* clock) : sink_(std::move(sink)), clock_(clock) {}

  void Warn(absl::string_view text) {
    if (!sink_) return;
    const absl::Time now = clock_->Now();
    if (now < quiet_until_) {
      ++left_out_;
      return;
    }
    quiet_until_ = now + absl::Seconds(1);
    if (left_out_ == 0) {
      sink_(LogSeverity::kWarning, text);
    } else {
      sink_(LogSeverity::kWarning, absl::StrCat(text, " (", left_out_, " more left out)"));
    }
    left_out_ = 0;
  }

 private:
  const LogSink sink_;
  const Clock* const clock_;
  absl::Time quiet_until_ = absl::InfinitePast();
  uint64_t left_out_ = 0;
};

}  // namespace mesh::xds

#endif  // MESH_XDS_LIMITED_LOG_H_
