// The memory that a fit and what is inferred from it take, before any of it is taken: what grows with parameters times
// observations or with parameters squared, route by route, the data and what units make of them, and nothing of what stays in the
// cache.
#pragma once

#include "jacobench/network/perceptron.hpp"

namespace jacobench {

// What counts of a problem. Of the penalty only which parameters it leaves free, and how steps are then solved for.
struct ProblemSize {
  double n_values;       // N K
  double n_activations;  // N (D + all units)
  double n_params;       // P
  double n_penalised;    // of these
  bool has_dual_steps;   // fit/dual_equations.hpp

  ProblemSize(const Perceptron& network, Index n_values, const Vector& decay);
};

// In bytes. Of a fit: per thread J'J, what it is damped and bent to, or n x n and the activations with their derivatives; and the
// workspaces of polishing.
double memory_of_fit(const ProblemSize& size, Index n_threads);

// Of the tangent, its factors, and the covariance by its usual kinds; with second derivatives that of the hessian kinds.
double memory_of_inference(const ProblemSize& size, bool with_second_derivatives = false);

}  // namespace jacobench
