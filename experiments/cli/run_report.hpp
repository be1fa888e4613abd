// What a command that runs a study says at its end.
#pragma once

#include <filesystem>

#include "cli/command.hpp"
#include "cli/table_options.hpp"
#include "run/runner.hpp"

namespace jacobench::cli {

// Prints the table of a run that came to its end, and what is to be said besides; returns the exit code.
int report_run(const harness::RunSummary& summary, const std::filesystem::path& result,
               const TableOptions& printing, const Invocation& invocation);

}  // namespace jacobench::cli
