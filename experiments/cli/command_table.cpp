#include <algorithm>
#include <iterator>
#include <ostream>

#include "jacobench/base/errors.hpp"

#include "cli/command.hpp"
#include "options/message.hpp"
#include "options/print.hpp"

namespace jacobench::cli {
namespace {

constexpr Command commands[] = {
    {"run", "CONFIG [--out DIR] [--shard I/N | --plan | --replay CELL:REPLICATE] [--key value ...]",
     "run a study, or go on with it, and print its table; mpirun -n 8 jacobench run CONFIG: over the ranks "
     "of an MPI job",
     run_command},
    {"merge", "FOLDER... --out RESULT", "put the shards of a study together, to the rows of an unsharded run",
     merge_command},
    {"table", "RESULT... [--format text|markdown|csv|latex|json]", "print the table of results",
     table_command},
    {"join", "RESULT... [--format text|markdown|csv|latex]",
     "set results of different experiments side by side, one line a network", join_command},
    {"check", "RESULT --baseline FILE [--factor 2] [--exact] [--update]",
     "hold a result against what is promised and against a baseline", check_command},
    {"compare", "A B [--force]", "set the timings of two results of a study side by side", compare_command},
    {"report", "RESULT... | FIT.json [BANDS.csv] [--out report.html] [--figure NAME --out FILE.svg|.png]",
     "write a page with figures and tables, which opens in any browser, or one figure", report_command},
    {"fit", "DATA.csv --outputs NAMES [--inputs NAMES] [--hidden 4] [--from MODEL.json] [--out FIT.json] ...",
     "fit a network to data by least squares, and say how well the data determine it", fit_command},
    {"interval", "FIT.json [--at POINTS.csv|grid|data] [--method delta,...] [--out BANDS.csv] ...",
     "confidence and prediction intervals of a fit", interval_command},
    {"jacobian",
     "MODEL.json DATA.csv [--wrt parameters|inputs] [--strategy ID] [--inputs NAMES] [--out FILE] "
     "[--certify]",
     "the Jacobian of a model file at the rows of a data file", jacobian_command},
    {"evaluate", "MODEL.json DATA.csv [--inputs NAMES] [--out FILE]",
     "the outputs of a model file at the rows of a data file", evaluate_command},
    {"import", "NET.onnx --out MODEL.json [--check ROWS.csv --outputs NAMES]",
     "a model file from an ONNX file, held against predictions of its own", import_command},
    {"gradbench", "",
     "answer GradBench's messages on standard input, as a tool of the evaluation scripts/gradbench_mlp",
     gradbench_command},
    {"list", "[WHAT...]",
     "list what there is to choose from, all of it or strategies, activations, noise_laws, ...",
     list_command},
    {"help", "[COMMAND]", "say how a command is used", help_command},
    {"version", "", "say what this program was built from", version_command},
};

}  // namespace

std::span<const Command> command_table() { return commands; }

const Command& command_named(const std::string& name) {
  const auto command = std::find_if(std::begin(commands), std::end(commands),
                                    [&](const Command& candidate) { return candidate.name == name; });
  if (command != std::end(commands)) return *command;
  std::vector<std::string> known;
  for (const Command& candidate : commands) known.emplace_back(candidate.name);
  throw InputError("{} is not a command; {} (see jacobench help)", harness::in_quotes(name),
                   harness::suggestion(name, known));
}

void print_usage(std::ostream& out, const std::string& command_name, const std::string& options) {
  const Command& command = command_named(command_name);
  const std::string_view gap = command.usage.empty() ? "" : " ";
  harness::print(out, "usage: jacobench {}{}{}\n{}\n", command.name, gap, command.usage, command.summary);
  if (!options.empty()) harness::print(out, "\noptions:\n{}", options);
}

std::optional<std::vector<std::string>> read_operands(const Invocation& invocation,
                                                      const std::string& command_name,
                                                      std::initializer_list<harness::OptionTable*> tables) {
  bool wants_help = false;
  harness::OptionTable help_option;
  help_option.add_flag("help", "", wants_help);
  std::vector<harness::OptionTable*> all(tables);
  all.push_back(&help_option);
  std::vector<std::string> operands = harness::assign_command_line(invocation.arguments, all);
  if (!wants_help) return operands;
  std::string options;
  for (const harness::OptionTable* table : tables) options += table->help();
  print_usage(invocation.out, command_name, options);
  return std::nullopt;
}

}  // namespace jacobench::cli
