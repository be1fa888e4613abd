// jacobench compare A B [--force] [--format text|markdown|csv|latex|json]
#include <ostream>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"

#include "cli/command.hpp"
#include "cli/table_options.hpp"
#include "options/message.hpp"
#include "report/compare.hpp"

namespace jacobench::cli {

using namespace harness;

int compare_command(const Invocation& invocation) {
  bool force = false;
  TableOptions printing;
  OptionTable own;
  own.add_flag("force", "compare results from different machines, builds or configs all the same", force);
  printing.add_to(own);
  const auto folders = read_operands(invocation, "compare", {&own});
  if (!folders) return all_well;
  if (folders->size() != 2) throw InputError("compare: two results are wanted: jacobench compare A B");
  const StoredResult a = read_result(folders->front(), invocation.experiments, invocation.err);
  const StoredResult b = read_result(folders->back(), invocation.experiments, invocation.err);
  if (!force) {
    const std::vector<std::string> differences = differences_of_conditions(a, b);
    if (!differences.empty())
      throw InputError("compare: {} and {} differ in {}{}; --force compares them all the same",
                       folders->front(), folders->back(), one_line(differences.front()),
                       differences.size() > 1 ? fmt::format(" and {} more", differences.size() - 1) : "");
  }
  printing.write(invocation, comparison_table(a, b));
  return all_well;
}

}  // namespace jacobench::cli
