// The noise scales of several outputs, estimated with the parameters.
//
// Model:  var(y_nk) = sigma^2 d_k^2 / w_n with every d_k unknown. From a fit that minimises S with some d,
//           d_k^2 <- RSS_k / (N - r_k),  RSS_k = sum_n w_n (y_nk - f_nk)^2,  r_k = tr H_kk the parameters that output k
//         takes up, H the hat matrix of J and the penalty; scaled to a geometric mean of 1. Fits and scales follow each other
//         until the scales stay. Then sigma d_k is sqrt(RSS_k / (N - r_k)), and an output whose parameters no other output
//         shares is fitted as if it were alone.
// Shapes: d [K]
// Cost:   a fit with all its starts, then some refits from its estimate, and 2 N K P^2 flops each
// Errors: an output that is fitted up to rounding keeps the scale of its rounding. Scales that do not come to rest are an
//         outcome: FitEnd::stop is iteration_limit
// Source: Zellner (1962), JASA 57(298), with a diagonal covariance; Gallant (1987), Nonlinear Statistical Models, ch. 5
#pragma once

#include "jacobench/fit/fit.hpp"

namespace jacobench {

// Whether these options ask for scales that the data do not say.
bool wants_output_scales(const Dataset& data, const FitOptions& options);

// What to begin with: the standard deviations of the outputs.
Vector spreads_of_outputs(const Dataset& data);

// The update; nothing where an output leaves no degrees of freedom or the network is not finite.
std::optional<Vector> output_scales_of(const Fit& fit);

// Fits with scales of its own, from these ones on.
Fit fit_with_output_scales(const Perceptron& network, const Dataset& data, const FitOptions& options,
                           const Vector& first);

}  // namespace jacobench
