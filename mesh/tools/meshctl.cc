// The command line tool: see Usage() in command_line.cc.

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <future>
#include <iostream>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "mesh/mesh.h"
#include "mesh/tools/call_load.h"
#include "mesh/tools/command_line.h"
#include "mesh/tools/explanation_text.h"
#include "mesh/tools/snapshot_text.h"

namespace mesh::tools {
namespace {

Options MeshOptions(const CommandLine& line) {
  Options options = Options::FromEnvironment();
  if (!line.bootstrap_path.empty()) {
    options.bootstrap_path = line.bootstrap_path;
    options.bootstrap_json.clear();
  }
  options.local_cluster = line.local_cluster;
  options.profile = line.profile;
  return options;
}

int RunCall(const CommandLine& line, Mesh* mesh) {
  const bool show = isatty(STDERR_FILENO) != 0;
  const CallSummary summary =
      RunCalls(line, mesh->Channel(line.target), [&](uint64_t ended, uint64_t failed) {
        if (!show) return;
        std::fprintf(
            stderr, "\r%llu of %llu calls, %llu failed ", static_cast<unsigned long long>(ended),
            static_cast<unsigned long long>(line.count), static_cast<unsigned long long>(failed));
      });
  if (show) std::fputs("\r\033[K", stderr);
  if (line.json) {
    std::cout << summary.ToJson() << std::endl;
  } else {
    std::cout << summary.ToText() << std::flush;
  }
  return summary.failed() == 0 ? 0 : 1;
}

// Prints snapshots; the observer's calls come one at a time.
class WatchPrinter {
 public:
  explicit WatchPrinter(bool json) : json_(json) {}

  void Print(const Snapshot& snapshot) {
    if (json_) {
      std::cout << SnapshotJson(snapshot) << std::endl;
      return;
    }
    std::vector<std::string> lines = SnapshotLines(snapshot);
    const std::vector<std::string> changes = first_ ? lines : ChangedLines(lines_, lines);
    if (changes.empty()) return;
    if (!first_) {
      std::cout << absl::FormatTime("%H:%M:%E3S", absl::Now(), absl::LocalTimeZone()) << "\n";
    }
    for (const std::string& line : changes) std::cout << line << "\n";
    std::cout << std::flush;
    lines_ = std::move(lines);
    first_ = false;
  }

 private:
  const bool json_;
  bool first_ = true;
  std::vector<std::string> lines_;
};

// Returns on SIGINT, SIGTERM, or after `duration`. REQUIRES: both signals are blocked.
void WaitForEnd(const sigset_t& signals, absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) {
    int signal = 0;
    sigwait(&signals, &signal);
    return;
  }
  const timespec timeout = absl::ToTimespec(duration);
  sigtimedwait(&signals, nullptr, &timeout);
}

int RunWatch(const CommandLine& line, const sigset_t& signals, Mesh* mesh) {
  WatchPrinter printer(line.json);
  const std::unique_ptr<Mesh::Observation> observation =
      mesh->Watch(line.target, [&printer](const Snapshot& snapshot) { printer.Print(snapshot); });
  WaitForEnd(signals, line.watch_for);
  return 0;
}

int RunExplain(const CommandLine& line, Mesh* mesh) {
  std::promise<Explanation> answer;
  mesh->Explain(line.target, {line.method, line.metadata}, line.explain_wait,
                [&answer](const Explanation& explanation) { answer.set_value(explanation); });
  const Explanation explanation = answer.get_future().get();
  if (line.json) {
    std::cout << ExplanationJson(explanation) << std::endl;
  } else {
    std::cout << ExplanationText(explanation) << std::flush;
  }
  return explanation.outcome == Explanation::Outcome::kServed ? 0 : 1;
}

int Main(const std::vector<std::string>& arguments) {
  const absl::StatusOr<CommandLine> line = ParseCommandLine(arguments);
  if (!line.ok()) {
    std::cerr << "meshctl: " << line.status().message() << "\n";
    return 2;
  }
  if (line->command == CommandLine::Command::kHelp) {
    std::cout << Usage();
    return 0;
  }
  // Before any thread starts, so that every thread inherits it.
  sigset_t signals;
  sigemptyset(&signals);
  if (line->command == CommandLine::Command::kWatch) {
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  }
  absl::StatusOr<std::unique_ptr<Mesh>> mesh = Mesh::Create(MeshOptions(*line));
  if (!mesh.ok()) {
    std::cerr << "meshctl: " << mesh.status().message() << "\n";
    return 2;
  }
  if (line->command == CommandLine::Command::kCall) return RunCall(*line, mesh->get());
  if (line->command == CommandLine::Command::kExplain) return RunExplain(*line, mesh->get());
  return RunWatch(*line, signals, mesh->get());
}

}  // namespace
}  // namespace mesh::tools

int main(int argc, char** argv) {
  return mesh::tools::Main(std::vector<std::string>(argv + 1, argv + argc));
}
