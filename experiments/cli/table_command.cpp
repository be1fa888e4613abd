// jacobench table RESULT... [--format text|markdown|csv|latex]
#include "cli/command.hpp"
#include "cli/stored_results.hpp"
#include "report/table.hpp"

namespace jacobench::cli {

using namespace harness;

int table_command(const Invocation& invocation) {
  const TableFormat* format = &table_format_table().front();
  OptionTable own;
  own.add("format", "how the table is written", format, one_of(table_format_table()));
  const auto folders = read_operands(invocation, "table", {&own});
  if (!folders) return all_well;
  format->write(invocation.out, table_of(read_results(invocation, "table", *folders)));
  return all_well;
}

}  // namespace jacobench::cli
