// The results that a command is given.
#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"
#include "run/result_folder.hpp"

namespace jacobench::cli {

// Those in these folders; of one that is unfinished, the command's user is told. Throws InputError where
// there are none.
std::vector<harness::StoredResult> read_results(const Invocation& invocation, const std::string& command_name,
                                                const std::vector<std::string>& folders);

}  // namespace jacobench::cli
