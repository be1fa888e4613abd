// jacobench merge FOLDER... --out RESULT
#include <filesystem>
#include <ostream>

#include "jacobench/base/errors.hpp"

#include "cli/command.hpp"
#include "cli/run_report.hpp"
#include "run/manifest.hpp"
#include "run/merge.hpp"
#include "run/runner.hpp"

namespace jacobench::cli {

using namespace harness;

int merge_command(const Invocation& invocation) {
  std::string result;
  OptionTable own;
  own.add("out", "result folder, where the rows of the whole study come to be", result, text());
  TableOptions printing;
  printing.add_to(own, false);
  ProgressDisplay display = invocation.progress;
  own.add_flag("quiet", "show no progress", display.is_quiet);
  const auto operands = read_operands(invocation, "merge", {&own});
  if (!operands) return all_well;
  if (operands->empty() || result.empty())
    throw InputError(
        "merge: the folders of all shards and a result are wanted: jacobench merge FOLDER... --out RESULT");

  const std::vector<std::filesystem::path> folders(operands->begin(), operands->end());
  Study study = study_of_shards(folders, invocation.experiments, invocation.err);
  std::vector<std::string> command_line = {"merge"};
  command_line.insert(command_line.end(), invocation.arguments.begin(), invocation.arguments.end());
  const RunSummary summary =
      run_study(study, result, command_line_text(command_line), display, {.merged = folders});
  return report_run(summary, result, printing, invocation);
}

}  // namespace jacobench::cli
