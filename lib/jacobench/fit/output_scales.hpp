// The noise scales of several outputs, and their correlations, estimated with the parameters.
//
// Model:  var(y_nk) = sigma^2 d_k^2 / w_n with every d_k unknown. From a fit that minimises S with some d,
//           own    d_k^2 <- RSS_k / (N - r_k),  RSS_k = sum_n w_n (y_nk - f_nk)^2,  r_k = tr H_kk the parameters that
//                  output k takes up, H the hat matrix of J and the penalty; scaled to a geometric mean of 1. At rest
//                  sigma d_k is sqrt(RSS_k / (N - r_k)), and an output whose parameters no other output shares is
//                  fitted as if it were alone
//           joint  D C D <- R'R / N,  R = sqrt(w) o (Y - f);  scaled to a determinant of 1. Each step lowers S, and S
//                  at rest is K det(R'R)^(1/K) + sum_p k_p theta_p^2: without a penalty the normal likelihood is
//                  greatest there, the iterated estimator of Zellner. It does not depend on the units or the basis of
//                  the outputs. Outputs that share no parameter and have the same regressors are fitted as if they were
//                  alone
//         Fits and scales follow each other until the scales stay. Inference takes them as known but for sigma, as is
//         usual.
// Shapes: d [K], C [K x K]
// Cost:   a fit with all its starts, then some refits from its estimate, and 2 N K P^2 flops each
// Errors: of own scales, an output that is fitted up to rounding keeps the scale of its rounding; of joint ones,
//         InputError where the residuals of one output are those of others combined, or rounding: the likelihood has no
//         maximum then. Scales that do not come to rest are an outcome: FitEnd::stop is iteration_limit
// Source: Zellner (1962), JASA 57(298); Box and Draper (1965), Biometrika 52, for the determinant; Oberhofer and Kmenta
//         (1974), Econometrica 42(3), for the iteration; Gallant (1987), Nonlinear Statistical Models, ch. 5
#pragma once

#include "jacobench/fit/fit.hpp"

namespace jacobench {

// Whether these options ask for scales that the data do not say.
bool wants_output_scales(const Dataset& data, const FitOptions& options);

// The data with what to begin with: the standard deviations of the outputs.
Dataset with_first_scales(const Dataset& data, OutputNoise noise);

struct OutputScales {
  Vector d;
  Matrix C = {};      // of joint noise
  double change = 0;  // relative to those that the fit was made with
};

// The update; nothing where an output leaves no degrees of freedom or the network is not finite.
std::optional<OutputScales> output_scales_of(const Fit& fit);

void set_scales(Dataset& data, const OutputScales& scales);

// The starts of a fit, for one from there with other scales: their objectives are then in units of these.
void rescale_starts(FitEnd& end, const FitEnd& before);

// Fits with the scales of the data, and then with its own until they stay. What became of the starts is said in units
// of the last.
Fit fit_with_output_scales(const Perceptron& network, const Dataset& data, const FitOptions& options);

}  // namespace jacobench
