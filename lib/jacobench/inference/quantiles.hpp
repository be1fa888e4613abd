// Multipliers of standard errors: quantiles of the distributions that intervals are made from.
//
// An infinite dof means a known sigma: normal for t, chi-squared / r for F.
// Source: Boost.Math's distributions
#pragma once

#include "jacobench/inference/intervals.hpp"

namespace jacobench {

// Throws InputError unless the level of an interval is between 0 and 1.
void check_level(double level);

// The q with P(T <= q) = probability.
double t_quantile(double probability, double dof);

// sqrt(r F_{r, dof}) at `level`; 0 where there are no directions.
double scheffe_multiplier(double level, double r, double dof);

// The q of one of n_intervals intervals with `tails` tails (1 or 2), for the methods that need no simulation: none and
// bonferroni from t, scheffe over r directions.  Errors: logic_error for sup_t
double interval_multiplier(Simultaneous simultaneous, double level, int tails, Index n_intervals, double r,
                           double dof);

// Errors of estimates E = C z + sqrt(own) o w, z and w independent standard normal: C correlates them, `own` is the
// variance that each has to itself.  Shapes: C [n x m], own and se() [n]
struct JointError {
  Matrix C;
  Vector own;

  Vector se() const;
};

// The level-quantile of max_i |T_i| (both sides) or max_i T_i over T = E / se / sqrt(chi2_dof / dof). Entries of zero se
// are left out. Draws are keyed by (seed, simulation).
// Cost: n_simulations 2 n m flops
Multiplier sup_t_multiplier(const JointError& error, double dof, const IntervalOptions& options);

}  // namespace jacobench
