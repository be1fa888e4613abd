// What other packages, and a formula that was asked about, take for the variance of a fitted network: methods of the
// study alone, so that its table says what their users get. `jacobench interval` has none of them.
//
// Model:  f -+ t s sqrt(v), of a new observation f -+ t s sqrt(1 + v); right is v = g'(J'J + K)^-1 g, K zero without
//         decay. s and t's degrees of freedom are those of delta, with a decay of laplace
//           wrong_layer_jacobian   the columns of J and the entries of g that belong to weights above the first layer
//                                  have phi'(z) of the unit that they come from in the place of phi(z), K = 0; where
//                                  J'J is singular to rounding, (J'J + L)^-1 J'J (J'J + L)^-1, L = I / 2. So does
//                                  getParaGrad of the R package nnetpredint, version 1.2
//           laplace_diagonal       v = sum_p g_p^2 / (J'J + K)_pp: parameters as if they were independent
//           laplace_last_layer     the same g'(J'J + K)^-1 g over the last layer's parameters alone, the others as if
//                                  known
//           product_of_sums        delta, by the Jacobian that networks/tried_formulas.hpp tells of: fitted by the
//                                  right one as R's nnet does, and the formula put to the fit, K = 0
//         The first and the last of the packages are right for a network of one layer; the second where the columns of
//         J are orthogonal.
// Cost:   N P^2 flops; all gradients of the points at once
// Errors: what delta or laplace refuses has their reason; a v that cannot be computed is one
// Source: Ding and He (2015), nnetpredint (CRAN); MacKay (1992), Neural Computation 4(3); Daxberger et al. (2021),
//         Laplace Redux, NeurIPS 34, sec. 2
#pragma once

#include <span>

#include "jacobench/inference/interval_method.hpp"

namespace jacobench::coverage {

std::span<const IntervalMethod> other_package_table();

// The library's, then these.
std::span<const IntervalMethod> study_method_table();

// J_y_theta as the package computes it, from the right one. Errors: InputError for a layer above the first without a
// bias
// Shapes: J [(N K) x P]
Matrix wrong_layer_jacobian(const Perceptron& network, const VectorView& theta, const MatrixView& X,
                            Matrix J);

}  // namespace jacobench::coverage
