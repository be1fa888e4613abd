// Multipliers of standard errors: quantiles of the distributions that intervals are made from.
//
// An infinite dof means a known sigma: normal for t, chi-squared / r for F.
// Source: Boost.Math's distributions
#pragma once

#include "jacobench/inference/intervals.hpp"

namespace jacobench {

// The q with P(T <= q) = probability.
double t_quantile(double probability, double dof);

// sqrt(r F_{r, dof}) at `level`.
double scheffe_multiplier(double level, double r, double dof);

// The level-quantile of max_i |T_i| (both sides) or max_i T_i over T = C z / sqrt(chi2_dof / dof), C the rows of `factor`
// divided by `se`, z standard normal. Rows of zero se are left out. Draws are keyed by (seed, simulation).
Multiplier sup_t_multiplier(const Matrix& factor, const Vector& se, double dof,
                            const IntervalOptions& options);

}  // namespace jacobench
