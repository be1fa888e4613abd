#include "cli/stored_results.hpp"

#include <ostream>

#include "jacobench/base/errors.hpp"

#include "options/print.hpp"

namespace jacobench::cli {

std::vector<harness::StoredResult> read_results(const Invocation& invocation, const std::string& command_name,
                                                const std::vector<std::string>& folders) {
  if (folders.empty())
    throw InputError("{}: no result is given: jacobench {} RESULT...", command_name, command_name);
  std::vector<harness::StoredResult> results;
  for (const std::string& folder : folders) {
    results.push_back(harness::read_result(folder, invocation.experiments, invocation.err));
    if (!results.back().is_complete())
      harness::print(invocation.err, "{}: unfinished, {} cells\n", folder, results.back().progress_text());
  }
  return results;
}

}  // namespace jacobench::cli
