// jacobench join RESULT... [--format text|markdown|csv|latex]
#include "cli/command.hpp"
#include "cli/stored_results.hpp"
#include "report/join.hpp"
#include "report/table.hpp"

namespace jacobench::cli {

using namespace harness;

int join_command(const Invocation& invocation) {
  const TableFormat* format = &table_format_table().front();
  OptionTable own;
  own.add("format", "how the table is written", format, one_of(table_format_table()));
  const auto folders = read_operands(invocation, "join", {&own});
  if (!folders) return all_well;
  format->write(invocation.out, joined_table(read_results(invocation, "join", *folders)));
  return all_well;
}

}  // namespace jacobench::cli
