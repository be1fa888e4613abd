// jacobench join RESULT... [--format text|markdown|csv|latex|json]
#include "cli/command.hpp"
#include "cli/stored_results.hpp"
#include "cli/table_options.hpp"
#include "report/join.hpp"
#include "report/table.hpp"

namespace jacobench::cli {

using namespace harness;

int join_command(const Invocation& invocation) {
  TableOptions printing;
  OptionTable own;
  printing.add_to(own);
  const auto folders = read_operands(invocation, "join", {&own});
  if (!folders) return all_well;
  printing.write(invocation, joined_table(read_results(invocation, "join", *folders)));
  return all_well;
}

}  // namespace jacobench::cli
