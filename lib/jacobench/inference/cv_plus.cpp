#include <algorithm>

#include "jacobench/inference/conformal.hpp"

namespace jacobench {
namespace {

constexpr const char* folds_name = "cv_plus";

LeftOut leave_folds_out(Tangent& at, const IntervalOptions& options, std::uint64_t seed) {
  const Index N = at.n_observations(), n_folds = std::min(options.n_folds, N);
  std::vector<std::vector<Index>> folds(static_cast<std::size_t>(n_folds));
  std::size_t next = 0;
  for (const Index row : shuffled(N, seed, folds_name)) folds[next++ % folds.size()].push_back(row);
  return leave_out(at, folds, options);
}

}  // namespace

IntervalMethod cv_plus_method() {
  return conformal_method(folds_name, "a fit without each fold of the data, and its errors there",
                          "that of jackknife_plus, f_i fitted without the fold of i", leave_folds_out);
}

}  // namespace jacobench
