// jacobench table RESULT... [--format text|markdown|csv|latex]
#include "cli/command.hpp"
#include "cli/stored_results.hpp"
#include "report/table.hpp"

namespace jacobench::cli {

using namespace harness;

int table_command(const Invocation& invocation) {
  std::string format = "text";
  OptionTable own;
  own.add("format", "how the table is written", format, one_of(table_format_names()));
  const auto folders = read_operands(invocation, "table", {&own});
  if (!folders) return all_well;
  write_table(invocation.out, table_of(read_results(invocation, "table", *folders)), format);
  return all_well;
}

}  // namespace jacobench::cli
