// Multipliers of standard errors: quantiles of the distributions that intervals are made from.
//
// Model:  q for one interval: the t quantile with the covariance's dof (normal for a known sigma).
//         q over the n intervals of a call:
//           bonferroni  t at level 1 - alpha / n
//           scheffe     sqrt(r F_{r, dof}), r the number of directions of the estimate: for the mean those of the fit,
//                       over all points there are; for the prediction r = n
//           sup_t       the quantile of max |T_i| over a multivariate t with the intervals' own correlations,
//                       simulated; q's own Monte Carlo standard error is stated
//         One-sided intervals put all of alpha on one side; scheffe is made for two.
// Cost:   sup_t: n_simulations times n m, m the columns of the errors' factor
// Source: Seber and Wild (2003), sec. 5.1 and 5.2; Miller (1981), Simultaneous Statistical Inference, ch. 2;
//         Montiel Olea and Plagborg-Moller (2019), J. Appl. Econometrics 34(1) (sup-t); Boost.Math's distributions
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "jacobench/base/matrix.hpp"

namespace jacobench {

enum class Sides { both, lower, upper };  // lower: a lower bound only

struct SidesInfo {
  Sides sides;
  std::string_view name;
  std::string_view summary;
};
std::span<const SidesInfo> sides_table();

enum class Simultaneous { none, bonferroni, scheffe, sup_t };

struct SimultaneousInfo {
  Simultaneous method;
  std::string_view name;
  std::string_view summary;
};
std::span<const SimultaneousInfo> simultaneous_table();

// Throws InputError unless the level of an interval is between 0 and 1.
void check_level(double level);

// The q with P(T <= q) = probability.
double t_quantile(double probability, double dof);

// sqrt(r F_{r, dof}) at `level`; 0 where there are no directions.
double scheffe_multiplier(double level, double r, double dof);

// A multiplier of standard errors, and the Monte Carlo standard error of a simulated one (0 otherwise).
struct Multiplier {
  double value = 0;
  double simulation_error = 0;
};

// Those that need no simulation. They are dear, and most of the time the same as for the fit before: the last ones are
// kept.
class Multipliers {
 public:
  Multipliers() { known_.reserve(most_kept); }

  // Errors: logic_error for sup_t
  double of(Simultaneous simultaneous, Sides sides, double level, Index n_intervals, double r, double dof);

 private:
  using Key = std::tuple<Simultaneous, Sides, double, Index, double, double>;
  static constexpr std::size_t most_kept = 64;  // degrees of freedom may differ from fit to fit
  std::vector<std::pair<Key, double>> known_;
};

// Errors of estimates E = C z + sqrt(own) o w, z and w independent standard normal: C correlates them, `own` is the
// variance that each has to itself.  Shapes: C [n x m], own and se() [n]
struct JointError {
  Matrix C;
  Vector own;

  Vector se() const;
};

// The level-quantile of max_i |T_i| (both sides) or max_i T_i over T = E / se / sqrt(chi2_dof / dof). Entries of zero
// se are left out. Draws are keyed by (seed, simulation).
Multiplier sup_t_multiplier(const JointError& error, Sides sides, double level, double dof,
                            Index n_simulations, std::uint64_t seed);

}  // namespace jacobench
