// The command line from end to end, without the process around it, so that tests can call it.
#pragma once

#include <iosfwd>
#include <optional>
#include <span>
#include <string>

#include "run/progress.hpp"
#include "study/experiment.hpp"

namespace jacobench::cli {

// Runs the command that the arguments (those after the program's name) ask for, and returns the exit code.
// Tables and lists go to `out`; warnings, progress and errors, one line each, to the display. `width` is
// that of the terminal which `out` is, if any. Throws nothing.
int run_command_line(std::span<const std::string> arguments, std::ostream& out,
                     const harness::ProgressDisplay& display,
                     std::span<const harness::ExperimentInfo> experiments,
                     std::optional<std::size_t> width = {});

}  // namespace jacobench::cli
