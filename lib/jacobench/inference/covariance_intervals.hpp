// Intervals from a covariance of the parameters, one method a kind (inference/covariance.hpp).
//
// Model:  f(x0) +- q se,   mean: se^2 = g0' V g0 (+ dy/dx Sx dy/dx'),   prediction: s^2 d_k^2 / w0 more,
//         g0 = d f(x0) / d theta, V the covariance, Sx the covariance of the noise on the inputs x0, w0 the weight of
//         the new observation and d_k its output's scale; q over the M K intervals of a band
//         (inference/multipliers.hpp). Where J has not full rank and the policy is to go on, a point whose gradient
//         lies in directions that the data leave open, and no decay stands in for them, has no bound; nor has one where
//         the network overflows.
// Cost:   that of the covariance and of inference/new_points.hpp; sup_t takes all M K gradients at once
// Source: Seber and Wild (2003), Nonlinear Regression, sec. 5.1
#pragma once

#include "jacobench/inference/interval_method.hpp"

namespace jacobench {

std::vector<IntervalMethod> covariance_methods();

}  // namespace jacobench
