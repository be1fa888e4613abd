// jacobench run CONFIG [--out DIR | --plan | --replay CELL:REPLICATE] [--key value ...]
#include <filesystem>
#include <ostream>

#include "jacobench/base/errors.hpp"

#include "cli/command.hpp"
#include "cli/table_options.hpp"
#include "options/message.hpp"
#include "options/options.hpp"
#include "options/print.hpp"
#include "report/table.hpp"
#include "run/manifest.hpp"
#include "run/runner.hpp"
#include "study/plan.hpp"

namespace jacobench::cli {
namespace {

using namespace harness;

// Help without a config: the options of every experiment.
void print_all_options(std::ostream& out, const OptionTable& own,
                       std::span<const ExperimentInfo> experiments) {
  print_usage(out, "run", own.help());
  for (const ExperimentInfo& info : experiments)
    harness::print(out, "\nexperiment {}: {}\n{}", info.name, info.summary, info.make()->options().help());
}

int report(const RunSummary& summary, const std::filesystem::path& result, std::ostream& err) {
  if (summary.signal) {
    harness::print(err, "interrupted with {} of {} cells done; the same command goes on from there\n",
                   summary.n_rows(), summary.n_cells);
    return 128 + *summary.signal;
  }
  if (summary.n_earlier == summary.n_cells)
    harness::print(err, "all {} cells were done already in {}\n", summary.n_cells, result.string());
  if (summary.n_failed == 0) return all_well;
  harness::print(err, "{} of {} cells failed; their rows stay, to run them again choose another --out\n",
                 summary.n_failed, summary.n_cells);
  return not_all_well;
}

}  // namespace

int run_command(const Invocation& invocation) {
  const auto arguments = invocation.arguments;
  const std::filesystem::path config_file = arguments.empty() ? "" : arguments.front();
  const bool has_config = !config_file.empty() && !config_file.string().starts_with('-');
  std::string result =
      has_config ? (std::filesystem::path("output") / config_file.stem()).string() : "output/CONFIG";
  OptionTable own;
  const std::string default_result = result;
  bool wants_plan = false;
  std::optional<CellReplicate> replicate;
  own.add("out", "result folder", result, text());
  TableOptions printing;
  printing.add_to(own, false);
  ProgressDisplay display = invocation.progress;
  own.add_flag("quiet", "show no progress", display.is_quiet);
  own.add_flag("plan", "print what would be run, and run and write nothing", wants_plan);
  own.add("replay", "do one replicate of a cell once more, say what came of it, and write nothing", replicate,
          value_or("none", cell_replicate()));

  if (config_file == "--help") {
    print_all_options(invocation.out, own, invocation.experiments);
    return all_well;
  }
  if (!has_config)
    throw InputError("run: a config file must come first: jacobench run CONFIG [--key value ...]");

  Study study = read_study(config_file, invocation.experiments);
  Invocation rest = invocation;
  rest.arguments = arguments.subspan(1);
  const auto operands = read_operands(rest, "run", {&own, &study.options});
  if (!operands) return all_well;
  if (!operands->empty()) throw InputError("run: {} is one argument too many", in_quotes(operands->front()));

  if (wants_plan && replicate)
    throw InputError("run: --plan and --replay do not go together; give one of them");
  if ((wants_plan || replicate) && result != default_result)
    throw InputError("run: --out does not go with {}, which writes nothing; leave it out",
                     wants_plan ? "--plan" : "--replay");
  if (wants_plan) {
    printing.write(invocation, numbered_plan(*study.experiment));
    return all_well;
  }
  if (replicate) {
    harness::print(invocation.out, "{}\n", replay(*study.experiment, *replicate));
    return all_well;
  }

  std::vector<std::string> command_line = {"run"};
  command_line.insert(command_line.end(), arguments.begin(), arguments.end());
  const RunSummary summary = run_study(study, result, command_line_text(command_line), display);
  if (!summary.signal) {
    std::vector<StoredResult> results;
    results.push_back(read_result(result, invocation.experiments, invocation.err));
    printing.write(invocation, table_of(results));
  }
  return report(summary, result, invocation.err);
}

}  // namespace jacobench::cli
