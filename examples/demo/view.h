#ifndef EXAMPLES_DEMO_VIEW_H_
#define EXAMPLES_DEMO_VIEW_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "examples/demo/load.h"

namespace mesh::demo {

// Shows who answers: redrawn in place on a terminal, else one plain line a second. Headlines stay
// on the screen either way. Thread-compatible.
class View {
 public:
  // The endpoints by name, in the order of the columns, with the locality of each.
  struct Column {
    std::string endpoint;
    std::string locality;
  };
  View(std::vector<Column> columns, bool terminal);

  // Something happens now.
  void Headline(const std::string& text);
  // Where the calls went since the last Show().
  void Show(double seconds, const Load::Counts& counts);
  // The last line, for good.
  void Finish(const std::string& line);

 private:
  void ShowTable(double seconds, const Load::Counts& counts,
                 const std::map<std::string, uint64_t>& recent);
  void ShowLine(double seconds, const Load::Counts& counts,
                const std::map<std::string, uint64_t>& recent);
  void EraseTable();

  const std::vector<Column> columns_;
  const bool terminal_;
  int table_lines_ = 0;
  double last_line_ = -1;
  Load::Counts last_;
};

}  // namespace mesh::demo

#endif  // EXAMPLES_DEMO_VIEW_H_
