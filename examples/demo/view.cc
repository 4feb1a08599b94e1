#include "examples/demo/view.h"

#include <cstdio>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mesh::demo {
namespace {

// A bar of up to 40 marks.
std::string Bar(uint64_t part, uint64_t whole) {
  return std::string(whole == 0 ? 0 : part * 40 / whole, '#');
}

}  // namespace

View::View(std::vector<Column> columns, bool terminal)
    : columns_(std::move(columns)), terminal_(terminal) {}

void View::EraseTable() {
  if (table_lines_ > 0) std::cout << "\033[" << table_lines_ << "A\033[J";
  table_lines_ = 0;
}

void View::Headline(const std::string& text) {
  EraseTable();
  std::cout << "== " << text << std::endl;
}

void View::Show(double seconds, const Load::Counts& counts) {
  if (!terminal_ && seconds - last_line_ < 1) return;
  std::map<std::string, uint64_t> recent;
  for (const auto& [server, count] : counts.by_server) {
    const auto last = last_.by_server.find(server);
    recent[server] = count - (last == last_.by_server.end() ? 0 : last->second);
  }
  if (terminal_) {
    ShowTable(seconds, counts, recent);
  } else {
    ShowLine(seconds, counts, recent);
  }
  last_line_ = seconds;
  last_ = counts;
}

void View::ShowTable(double seconds, const Load::Counts& counts,
                     const std::map<std::string, uint64_t>& recent) {
  EraseTable();
  uint64_t total = 0;
  for (const auto& [server, count] : recent) total += count;
  std::cout << absl::StrFormat("%5.1f s  %d calls, %d failed; since the last look:\n", seconds,
                               counts.calls, counts.failed);
  for (const Column& column : columns_) {
    const auto found = recent.find(column.endpoint);
    const uint64_t count = found == recent.end() ? 0 : found->second;
    std::cout << absl::StrFormat("  %-8s %-4s %5d %s\n", column.locality, column.endpoint, count,
                                 Bar(count, total));
  }
  std::cout << std::flush;
  table_lines_ = static_cast<int>(columns_.size()) + 1;
}

void View::ShowLine(double seconds, const Load::Counts& counts,
                    const std::map<std::string, uint64_t>& recent) {
  std::string line =
      absl::StrFormat("%4.0f s  %6d calls, %d failed |", seconds, counts.calls, counts.failed);
  for (const Column& column : columns_) {
    const auto found = recent.find(column.endpoint);
    absl::StrAppendFormat(&line, " %s/%s %d", column.locality, column.endpoint,
                          found == recent.end() ? 0 : found->second);
  }
  std::cout << line << std::endl;
}

void View::Finish(const std::string& line) {
  table_lines_ = 0;
  std::cout << line << std::endl;
}

}  // namespace mesh::demo
