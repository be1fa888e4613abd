// Fitting a network to data by penalised nonlinear least squares, from many starts.
//
// Model:  theta minimises   S(theta) = sum_nk w_n (y_nk - f_k(x_n; theta))^2 / d_k^2 + sum_p k_p theta_p^2,
//         all in the user's units: k_p is added to the sum of squares as it stands, k ||theta||^2 for equal k, neither
//         halved nor divided by the number of observations, and on the weights of the unstandardised network.
//         Inside, inputs and outputs are standardised (fit/scaling.hpp), which changes the path and not the minimum.
//         Each start goes down with Ceres (fit/solvers.hpp); the best is then polished until its residuals are
//         orthogonal to the tangent plane as far as double precision tells.
// Shapes: theta, decay [P]; data as in fit/dataset.hpp
// Cost:   n_starts descents on n_threads threads; an iteration is J, J'J, a solve and one evaluation more
// Errors: InputError for data that cannot be fitted (check_dataset), an unknown name, a decay that is negative or not
//         finite; logic_error for a start or a decay of another size than P. Not to converge is an outcome: `stop`.
//
// The starts are drawn from Philox streams keyed by (seed, start): the same bits with any number of threads.
#pragma once

#include <optional>
#include <string>

#include "jacobench/fit/solvers.hpp"

namespace jacobench {

enum class DecayOf { weights, weights_and_biases };

// k for all weights, and for biases k or 0.  Shape: [P]
Vector equal_decay(const Perceptron& network, double k, DecayOf of);

struct FitOptions {
  // In the user's units; counts as three starts, each more daring than the one before.
  std::optional<Vector> start = {};
  Index n_starts = 10;  // drawn ones beside it
  std::string initialisation = "lecun";
  std::uint64_t seed = 1;
  Vector decay = {};  // k_p, or empty
  Index max_iterations = 1000;
  JacobianChoice jacobian = {};
  Index n_threads = 1;
};

// What became of the starts. A start is at the best optimum if its objective is within 1 part in 1000 of the lowest.
struct StartSummary {
  Index n_starts;
  Index n_failed;  // the network was not finite there
  Index n_at_best;
  double lowest, median, highest;  // objective, over those that did not fail
};

// `rss` is the weighted RSS of the data, without the penalty. Where a figure is missing there is no such thing:
// sigma and relative_offset for observations that do not outnumber the parameters.
struct FitResult {
  Vector theta;
  Vector decay;
  double rss;
  double penalty;  // sum_p k_p theta_p^2
  Index n_values;  // N K
  Index n_params;
  std::optional<double> sigma;  // sqrt(rss / (n_values - n_params))
  Index n_iterations;           // of the best start, descent and polish
  Stop stop;
  double gradient_norm;  // |dS / d theta|, Euclidean, in the user's units
  std::optional<double> relative_offset;
  StartSummary starts;

  bool has_converged() const { return is_minimum(stop); }
};

FitResult fit(const Perceptron& network, const Dataset& data, const FitOptions& options = {});

}  // namespace jacobench
