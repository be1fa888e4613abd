// The commands of `jacobench`: one table of them drives dispatch and help.
#pragma once

#include <initializer_list>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "options/options.hpp"
#include "run/progress.hpp"
#include "study/experiment.hpp"

namespace jacobench::cli {

enum ExitCode : int {
  all_well = 0,
  not_all_well = 1,  // a cell failed, a check did not hold
  wrong_input = 2,   // of the user: InputError
  bug = 3,           // anything else that is thrown
};

// What a command is given.
struct Invocation {
  std::span<const std::string> arguments;  // after the command's name
  std::span<const harness::ExperimentInfo> experiments;
  std::ostream& out;  // what was asked for: tables, lists
  std::ostream& err;  // messages and warnings
  const harness::ProgressDisplay& progress;
  std::optional<std::size_t> width = {};  // of the terminal that `out` is, in columns; empty where it is none
};

struct Command {
  std::string_view name;
  std::string_view usage;         // its arguments
  std::string_view summary;       // one line
  int (*run)(const Invocation&);  // returns an exit code; throws InputError
};

// In the order of help. A new command is one more row of it.
std::span<const Command> command_table();

// Throws InputError, with the nearest name, where there is no such command.
const Command& command_named(const std::string& name);

// "usage: jacobench NAME ARGUMENTS", the summary, and the options where there are any.
void print_usage(std::ostream& out, const std::string& command_name, const std::string& options);

// Gives the options in these tables their values and returns the operands; with --help among the arguments it
// prints how the command is used instead, and returns nothing. Throws InputError.
std::optional<std::vector<std::string>> read_operands(const Invocation& invocation,
                                                      const std::string& command_name,
                                                      std::initializer_list<harness::OptionTable*> tables);

int run_command(const Invocation&);        // run CONFIG
int merge_command(const Invocation&);      // merge FOLDER...
int table_command(const Invocation&);      // table RESULT...
int report_command(const Invocation&);     // report RESULT...
int join_command(const Invocation&);       // join RESULT...
int check_command(const Invocation&);      // check RESULT
int fit_command(const Invocation&);        // fit DATA
int interval_command(const Invocation&);   // interval FIT
int compare_command(const Invocation&);    // compare A B
int jacobian_command(const Invocation&);   // jacobian MODEL DATA
int evaluate_command(const Invocation&);   // evaluate MODEL DATA
int gradbench_command(const Invocation&);  // gradbench
int import_command(const Invocation&);     // import NET.onnx
int list_command(const Invocation&);       // list WHAT
int help_command(const Invocation&);       // help
int version_command(const Invocation&);    // version

}  // namespace jacobench::cli
