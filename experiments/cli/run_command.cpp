// jacobench run CONFIG [--out DIR] [--shard I/N | --plan | --replay CELL:REPLICATE] [--key value ...]
#include <filesystem>
#include <ostream>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"

#include "cli/command.hpp"
#include "cli/run_report.hpp"
#include "cli/table_options.hpp"
#include "options/message.hpp"
#include "options/options.hpp"
#include "options/print.hpp"
#include "report/table.hpp"
#include "run/manifest.hpp"
#include "run/ranks.hpp"
#include "run/runner.hpp"
#include "run/shard.hpp"
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

int report_shard(const RunSummary& summary, const Shard& shard, const std::filesystem::path& folder,
                 std::ostream& err) {
  const std::size_t n_rows = summary.n_rows() - summary.n_failed;
  std::string work;
  if (summary.n_records > 0)
    work = fmt::format("{} of {} records made", summary.n_records_there, summary.n_records);
  if (n_rows > 0) work += fmt::format("{}{} rows", work.empty() ? "" : ", ", n_rows);
  harness::print(err, "shard {}: {} in {}\n", shard.text(), work.empty() ? "nothing" : work, folder.string());
  if (summary.signal) {
    harness::print(err, "interrupted; the same command goes on from there\n");
    return 128 + *summary.signal;
  }
  if (summary.n_failed == 0) return all_well;
  harness::print(err, "{} cells failed\n", summary.n_failed);
  return not_all_well;
}

int run_as_root(const Invocation& invocation, Ranks& ranks) {
  const auto arguments = invocation.arguments;
  const std::filesystem::path config_file = arguments.empty() ? "" : arguments.front();
  const bool has_config = !config_file.empty() && !config_file.string().starts_with('-');
  const std::string default_result =
      has_config ? (std::filesystem::path("output") / config_file.stem()).string() : "output/CONFIG";
  std::string result = default_result;
  OptionTable own;
  bool wants_plan = false;
  std::optional<CellReplicate> replicate;
  own.add("out", "result folder", result, text());
  TableOptions printing;
  printing.add_to(own, false);
  ProgressDisplay display = invocation.progress;
  own.add_flag("quiet", "show no progress", display.is_quiet);
  own.add_flag("plan", "print what would be run, and run and write nothing", wants_plan);
  std::optional<Shard> shard;
  own.add("shard",
          "do one share of the study, 3/16 being the third of 16, into a folder of its own "
          "(output/CONFIG.3-of-16); "
          "`jacobench merge` puts all of them together",
          shard, value_or("none", harness::shard()));
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
  if (shard && (wants_plan || replicate))
    throw InputError("run: --shard does not go with {}; leave it out", wants_plan ? "--plan" : "--replay");
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
  if (shard && result == default_result) result += fmt::format(".{}-of-{}", shard->number, shard->of);
  const RunSummary summary = run_study(study, result, command_line_text(command_line), display,
                                       {.ranks = &ranks, .shard = shard, .merged = {}});
  return shard ? report_shard(summary, *shard, result, invocation.err)
               : report_run(summary, result, printing, invocation);
}

}  // namespace

int run_command(const Invocation& invocation) {
  Ranks ranks;
  if (ranks.is_root()) return run_as_root(invocation, ranks);
  ranks.serve(invocation.experiments);
  return all_well;
}

}  // namespace jacobench::cli
