#include "coverage/replicate_blocks.hpp"

#include <algorithm>

#include "coverage/coverage_row.hpp"

namespace jacobench::coverage {
namespace {

// Shares that all agree have a standard error of 0; their Wilson interval says how little few of them tell.
bool is_precise_enough(const ReplicateContext& context, const MatrixView& records, double target_se) {
  Summary summary(context, records);
  for (std::size_t s = 0; s < context.plan.strategies.size(); ++s)
    for (std::size_t i = 0; i < context.plan.intervals.size(); ++i)
      for (std::size_t region = 0; region < context.regions.size(); ++region) {
        CoverageRow row;
        summary.fill_in({s, i, region}, row);
        const double of_interval = (row.coverage_upper - row.coverage_lower) / (2 * z_95);
        if (std::max(row.coverage_se, of_interval) > target_se) return false;
      }
  return true;
}

}  // namespace

void ReplicateMaker::make(std::int64_t first, std::span<double> records) { runner_.run_all(first, records); }

std::span<const double> enough_replicates(const ReplicateContext& context, const ReplicateTarget& target,
                                          harness::Records& records) {
  for (Index wanted = target.number;;) {
    const std::span<const double> numbers = records.first(wanted);
    const Eigen::Map<const Matrix> so_far(numbers.data(), static_cast<Index>(context.layout.size()), wanted);
    if (!target.se || wanted >= target.most || is_precise_enough(context, so_far, *target.se)) return numbers;
    wanted = std::min<Index>(target.most, wanted + (wanted + 1) / 2);
  }
}

}  // namespace jacobench::coverage
