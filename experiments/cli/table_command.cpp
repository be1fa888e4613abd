// jacobench table RESULT... [--where COLUMN=VALUE] [--columns ...] [--sort ...] [--format text|markdown|csv|latex|json]
#include "cli/command.hpp"
#include "cli/stored_results.hpp"
#include "cli/table_options.hpp"
#include "report/table.hpp"

namespace jacobench::cli {

using namespace harness;

int table_command(const Invocation& invocation) {
  TableOptions printing;
  OptionTable own;
  printing.add_to(own);
  const auto folders = read_operands(invocation, "table", {&own});
  if (!folders) return all_well;
  printing.write(invocation, table_of(read_results(invocation, "table", *folders)));
  return all_well;
}

}  // namespace jacobench::cli
