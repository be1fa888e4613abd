// The solvers that are held against each other: the library's fit, and peers that minimise the same function.
//
// Model:  S(theta) = sum_nk (y_nk - f_k(x_n; theta))^2 + sum_p k_p theta_p^2, in the units of the data as they stand
// Shapes: data as in fit/dataset.hpp, decay [P] or empty, starts [P x any number], theta [P]
// Errors: a solver that fails says so in `stop`; what it throws is the caller's row with a reason
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "jacobench/fit/dataset.hpp"

namespace jacobench::solvers {

struct Problem {
  Perceptron network;
  Dataset data;
  Vector decay = {};
};

struct Limits {
  std::optional<Index> max_iterations = {};  // none: the solver's own
  double cpu_seconds = 60;                   // of one start
};

// Where a start led, or the best of all.
struct Trial {
  Vector theta;
  Index n_steps = 0;
  std::optional<Index> n_evaluations = {}, n_jacobians = {};  // none where the solver does not tell
  std::string stop;                                           // why it stopped, in its own words
  bool is_settled = false;                                    // by its own rule
};

enum class From { one_start, all_starts };  // what a run is given

struct SolverInfo {
  std::string_view name;
  std::string_view summary;
  From from;
  Trial (*run)(const Problem& problem, const Matrix& starts, const Limits& limits);
};

// Those that this build has.
std::span<const SolverInfo> solver_table();

// Throws InputError, listing the solvers that are there, for another name.
const SolverInfo& find_solver(std::string_view name);

// Empty where GSL was not found: its solver is then not in the table.
std::string gsl_version();

// S at theta, by one routine for all solvers.
double objective(const Problem& problem, const Vector& theta);

// Processor time of this process so far, in seconds.
double cpu_seconds();

}  // namespace jacobench::solvers
