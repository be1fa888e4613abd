// Ceres numeric differentiation of the network as a black box: forward, central and Ridders.
//
// Model:    forward  (y(x + h) - y(x)) / h
//           central  (y(x + h) - y(x - h)) / (2 h)
//           Ridders  central differences at 32 h, 16 h, 8 h, ... extrapolated to h = 0 (Ceres' own defaults)
//           Step: h = r max(1, |x|) for the option relative_step = r. Ceres itself floors a step at sqrt(eps) =
//           1.5e-8, which would silently override smaller r; so the variable that is handed to Ceres is x times
//           a power of two (exact), chosen so that the floor becomes r.
//           Wrt parameters all observations are one residual vector and each parameter one block, so that Ceres
//           writes the columns of J_y_theta in place; wrt inputs each observation is a problem of its own.
// Shapes:   as in strategy.hpp
// Cost:     evaluations of the network a parameter: forward 1, central 2, Ridders up to 20; Ceres allocates
// Accuracy: see promise_* below; where y has a kink within the step there is no derivative to approximate
// Errors:   a step that is not positive and finite: logic_error
// Source:   Ridders (1982), "Accurate computation of F'(x) and F'(x)F''(x)", Adv. Eng. Software 4(2);
//           the two error terms: Dennis and Schnabel (1996), sec. 5.4 and 5.6
#pragma once

#include <memory>

#include "jacobench/jacobian/strategy.hpp"

namespace jacobench {

std::unique_ptr<Evaluator> make_ceres_forward(const Perceptron& network, Index max_rows,
                                              const StrategyOptions& options);
std::unique_ptr<Evaluator> make_ceres_central(const Perceptron& network, Index max_rows,
                                              const StrategyOptions& options);
std::unique_ptr<Evaluator> make_ceres_ridders(const Perceptron& network, Index max_rows,
                                              const StrategyOptions& options);

// The promised error relative to the 2-norm of a row of J plus |y|, for relative step r and steepness s (strategy.hpp):
//   forward  c (s r              + 2^-53 / r)
//   central  c ((s r)^2          + 2^-53 / r)
//   Ridders  c ((32 s r)^4 / 480 + 2^-53 / r), what its first extrapolation reaches: of central differences at
//            h = 32 r and h / 2, h^4 |y^(5)| / 480 is left. It goes no further where that is below 10^-12,
//            Ceres' own absolute tolerance, as all entries of a saturated network are.
// The first term is the truncation h^q |y^(q+1)| / |y'|, the second the rounding of y and of x over the step.
// c = 1024 is how far the ratio |y^(q+1)| / (s^q |y'|), and the units by which y itself is off, may exceed one.
// Nothing is promised where an activation has a kink, which a step may straddle (for central and Ridders also a
// jump of its second derivative, as elu and softsign have), nor by Ridders where its first step, 32 r, reaches
// beyond 1 / s: there its tableau need not converge, and Ceres stops at the first sign of instability.
std::optional<double> promise_ceres_forward(const Perceptron& network, double relative_step,
                                            double steepness);
std::optional<double> promise_ceres_central(const Perceptron& network, double relative_step,
                                            double steepness);
std::optional<double> promise_ceres_ridders(const Perceptron& network, double relative_step,
                                            double steepness);

}  // namespace jacobench
