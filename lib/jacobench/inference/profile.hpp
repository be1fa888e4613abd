// Profile likelihood interval for the fitted function at one point: all values c that a fit held to f(x0) = c reaches
// without losing too much.
//
// Model:  S(c) = min of the objective subject to f(x0; theta) = c,   tau(c) = sign(c - f) sqrt((S(c) - S) / s^2);
//         the interval is |tau(c)| <= q, q the t quantile of the mean's interval, so that it is f +- q se where the
//         model is linear.
//         The constraint is met without a constrained solver: an observation a at x0 of weight omega = s^2 / se^2 is
//         added, and the fit to all minimises S + omega (f(x0) - a)^2, whose minimiser is that of S(c) at the c it
//         reaches. What is searched for is the a at which tau = +-q; a linear model has it at f +- 2 q se.
// Cost:   some 10 refits a bound, each from the one before
// Errors: logic_error unless the covariance is ok; InputError for a network of several outputs. A bound that the data
//         do not give is infinite, with its reason. A bound is NaN, with its reason, where one of the refits that it is
//         from has not settled: from the one beyond it on.
// Source: Bates and Watts (1988), Nonlinear Regression Analysis, sec. 6.1; Venzon and Moolgavkar (1988), Appl. Statist.
//         37(1)
#pragma once

#include "jacobench/inference/interval_method.hpp"

namespace jacobench {

struct ProfileInterval {
  double fit;
  double lower, upper;
  std::string reason;  // of a bound that is not finite, or that a lower minimum was found on the way
  Refits refits;
};

// cov as computed at `at`; q is the t quantile with its dof.
ProfileInterval profile_interval(const Tangent& at, const Covariance& cov, const VectorView& x0,
                                 double level = 0.95, Index max_refit_iterations = 200);

// The method `profile`, of the mean at each point by itself, with the sigma and the dof of the delta method.
std::vector<IntervalMethod> profile_methods();

}  // namespace jacobench
