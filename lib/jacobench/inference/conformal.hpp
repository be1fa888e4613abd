// Conformal prediction intervals: an observation to come and those of the data might have come in any order. Nothing is
// assumed of the noise, nor that the network can be the truth.
//
// Model:  scores R_i = sqrt(w_i) |y_i - f_i(x_i)| of n observations, f_i fitted without observation i; w0 the weight of
//         an observation to come at x0; q(v) the ceil((n + 1) level)-th smallest of v_1 ... v_n; each output by itself
//           split_conformal   f_T fitted to half of the rows, the scores of the others:  f_T(x0) -+ q(R) / sqrt(w0)
//           jackknife_plus    f_i fitted without i:   -q(R_i / sqrt(w0) - f_i(x0))  to  q(f_i(x0) + R_i / sqrt(w0))
//           cv_plus           the same with f_i fitted without the fold of i
//         The observations, and the one to come with them, are exchangeable: inputs at random, not where one likes.
//         Then, on average over the inputs and the data,
//           split_conformal   covers ceil((n + 1) level) / (n + 1) if no two scores are equal, n the rows that are
//                             scored, and never less than the level
//           jackknife_plus    covers no less than 2 level - 1, and about the level where fits are stable
//           cv_plus           the same, less at most 2 / sqrt(N)
// Shapes: X0 [M x D], bounds [M x K]
// Cost:   split_conformal a fit from drawn starts, as one from the estimate would know the rows that are scored;
//         jackknife_plus N refits from the estimate, and none where the network is linear in its parameters, by
//         leverages; cv_plus as many refits as folds. Memory of the parameters of all refits, and of the bounds
// Errors: fewer scores than a bound needs, or too many refits that have not settled, are reasons. split_conformal holds
//         whatever its one fit has come to.
// Source: Lei, G'Sell, Rinaldo, Tibshirani and Wasserman (2018), JASA 113(523); Barber, Candes, Ramdas and Tibshirani
//         (2021), Annals of Statistics 49(1), theorems 1 and 4
#pragma once

#include "jacobench/inference/interval_method.hpp"

namespace jacobench {

// Which of n scores in ascending order is the bound, counted from 1; n + 1 where it is beyond them all.
Index conformal_rank(Index n, double level);

// The coverage of split_conformal by the scores of n observations.
double split_conformal_coverage(Index n, double level);

// What is scored, and what was fitted without it.
struct LeftOut {
  std::vector<Index> rows;    // of the data, that are scored [n]
  std::vector<Index> fit_of;  // of each of them, the column of theta that was fitted without it [n]
  Matrix theta;               // [P x fits]
  Refits refits;
  std::string reason;  // why there is none of this, one line; or empty
};

// Fits to the data without each of these groups of rows, from the estimate. Every row of a group is scored.
LeftOut leave_out(Tangent& at, const std::vector<std::vector<Index>>& groups, const IntervalOptions& options);

// 0 ... n - 1 in an order that is drawn from the seed and the name of what it is for.
std::vector<Index> shuffled(Index n, std::uint64_t seed, std::string_view what);

// A method of these; `leave` leaves out and fits.
using Leave = LeftOut (*)(Tangent& at, const IntervalOptions& options, std::uint64_t seed);
IntervalMethod conformal_method(std::string name, std::string summary, std::string formula, Leave leave,
                                std::string source = "Barber et al. (2021), Annals of Statistics 49(1)");

// One file each.
IntervalMethod split_conformal_method();
IntervalMethod jackknife_plus_method();
IntervalMethod cv_plus_method();

}  // namespace jacobench
