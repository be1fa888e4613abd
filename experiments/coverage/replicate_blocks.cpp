#include "coverage/replicate_blocks.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

#include "jacobench/base/parallel.hpp"

#include "coverage/coverage_row.hpp"

namespace jacobench::coverage {
namespace {

// Shares that all agree have a standard error of 0; their Wilson interval says how little few of them tell.
bool is_precise_enough(const ReplicateContext& context, const MatrixView& records, double target_se) {
  for (std::size_t s = 0; s < context.plan.strategies.size(); ++s)
    for (std::size_t i = 0; i < context.plan.intervals.size(); ++i)
      for (std::size_t region = 0; region < context.regions.size(); ++region) {
        CoverageRow row;
        summarise(context, records, {s, i, region}, row);
        const double of_interval = (row.coverage_upper - row.coverage_lower) / (2 * z_95);
        if (std::max(row.coverage_se, of_interval) > target_se) return false;
      }
  return true;
}

}  // namespace

// Each block is as long as a second or so.
ReplicateRecords run_replicates(const ReplicateContext& context, const ReplicateTarget& target,
                                harness::RecordJournal& journal) {
  const std::size_t size = context.layout.size();
  const Index n_threads = target.threads();
  ReplicateRecords result{journal.earlier(size), {}};
  std::vector<double>& records = result.numbers;
  const auto n_done = [&] { return static_cast<Index>(records.size() / size); };
  std::vector<std::unique_ptr<ReplicateRunner>> runners(static_cast<std::size_t>(n_threads));
  double seconds = 0;
  Index n_timed = 0, wanted = target.number;
  constexpr double block_seconds = 1;
  constexpr Index largest_block = 4096;
  for (;;) {
    while (n_done() < wanted) {
      if (journal.stop_requested()) throw harness::Interrupted();
      const double rate = seconds > 0 ? static_cast<double>(n_timed) / seconds : 0;
      const Index block =
          std::min({wanted - n_done(), largest_block,
                    std::max(n_threads, static_cast<Index>(std::min(rate * block_seconds, 1e9)))});
      const Index begin = n_done();
      std::vector<double> made(static_cast<std::size_t>(block) * size);
      const auto start = std::chrono::steady_clock::now();
      parallel_for_workers(block, n_threads, [&](Index i, Index worker) {
        auto& runner = runners[static_cast<std::size_t>(worker)];
        if (!runner) runner = std::make_unique<ReplicateRunner>(context);
        runner->run(begin + i, {&made[static_cast<std::size_t>(i) * size], size});
      });
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      n_timed += block;
      journal.append(made);
      records.insert(records.end(), made.begin(), made.end());
      journal.show_progress(static_cast<double>(n_done()) / static_cast<double>(wanted));
    }
    // Decided on what an uninterrupted run has here, however many records an earlier run left.
    const Eigen::Map<const Matrix> so_far(records.data(), static_cast<Index>(size), wanted);
    if (!target.se || wanted >= target.most || is_precise_enough(context, so_far, *target.se)) break;
    wanted = std::min<Index>(target.most, wanted + (wanted + 1) / 2);
  }
  if (n_timed > 0) result.us_per_replicate = 1e6 * seconds / static_cast<double>(n_timed);
  return result;
}

}  // namespace jacobench::coverage
