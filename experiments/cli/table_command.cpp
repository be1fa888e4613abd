// jacobench table RESULT... [--format text|markdown|csv|latex]
#include <ostream>

#include <fmt/ostream.h>

#include "jacobench/base/errors.hpp"

#include "cli/command.hpp"
#include "harness/table.hpp"

namespace jacobench::cli {

using namespace harness;

int table_command(const Invocation& invocation) {
  std::string format = "text";
  OptionTable own;
  own.add("format", "how the table is written", format, one_of(table_format_names()));
  const auto folders = read_operands(invocation, "table", {&own});
  if (!folders) return all_well;
  if (folders->empty()) throw InputError("table: no result is given: jacobench table RESULT...");

  std::vector<StoredResult> results;
  for (const std::string& folder : *folders) {
    results.push_back(read_result(folder, invocation.experiments, invocation.err));
    if (!results.back().is_complete())
      fmt::print(invocation.err, "{}: unfinished, {} cells\n", folder, results.back().progress_text());
  }
  write_table(invocation.out, results, format);
  return all_well;
}

}  // namespace jacobench::cli
