#include "cli/run_report.hpp"

#include <ostream>
#include <vector>

#include "options/print.hpp"
#include "report/table.hpp"
#include "run/result_folder.hpp"

namespace jacobench::cli {

using namespace harness;

int report_run(const RunSummary& summary, const std::filesystem::path& result, const TableOptions& printing,
               const Invocation& invocation) {
  std::ostream& err = invocation.err;
  if (summary.signal) {
    harness::print(err, "interrupted with {} of {} cells done; the same command goes on from there\n",
                   summary.n_rows(), summary.n_cells);
    return 128 + *summary.signal;
  }
  std::vector<StoredResult> results;
  results.push_back(read_result(result, invocation.experiments, err));
  printing.write(invocation, table_of(results));
  if (summary.n_earlier == summary.n_cells)
    harness::print(err, "all {} cells were done already in {}\n", summary.n_cells, result.string());
  if (summary.n_failed == 0) return all_well;
  harness::print(err, "{} of {} cells failed; their rows stay, to run them again choose another --out\n",
                 summary.n_failed, summary.n_cells);
  return not_all_well;
}

}  // namespace jacobench::cli
