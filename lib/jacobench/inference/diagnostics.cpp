#include "jacobench/inference/diagnostics.hpp"

#include <cmath>

#include "jacobench/base/errors.hpp"

namespace jacobench {

Diagnostics diagnose(const Tangent& at, const Covariance& cov) {
  JB_EXPECT(cov.ok(), "there is no covariance: {}", name_of(cov.status()));
  const auto n = static_cast<std::size_t>(at.n_values());
  Diagnostics result{.residuals = at.errors().reshaped(),
                     .leverages = cov.leverages(),
                     .studentised = MaybeValues(n),
                     .deleted_studentised = MaybeValues(n),
                     .leave_one_out = MaybeValues(n)};
  for (std::size_t i = 0; i < n; ++i) {
    const auto row = static_cast<Index>(i);
    const double left = 1 - result.leverages[row];
    if (left < 64 * unit_roundoff) continue;
    result.leave_one_out[i] = result.residuals[row] / left;
    if (!(cov.sigma() > 0)) continue;
    const double studentised = at.r()[row] / (cov.sigma() * std::sqrt(left));
    result.studentised[i] = studentised;
    const double dof_left = cov.dof() - studentised * studentised;
    if (std::isfinite(cov.dof()) && cov.dof() > 1 && dof_left > 0)
      result.deleted_studentised[i] = studentised * std::sqrt((cov.dof() - 1) / dof_left);
  }
  return result;
}

}  // namespace jacobench
