// The analytic loop: one parameter (or one input) at a time, its tangent pushed through the layers above it.
//
// What is the right sum over the paths from a weight?
//   A small change of W_l(i, j) changes only the pre-activation of unit i of layer l, by A_{l-1}(n, j) a unit
//   (1 for a bias). That is the tangent dZ_l: zero but in column i. From there it goes up as any change does,
//
//     dA_m = phi_m'(Z_m) o dZ_m,        dZ_{m+1} = dA_m W_{m+1}',        m = l, ..., L,
//
//   so that d y_nk / d W_l(i, j) = dA_L(n, k). Written out, it is the sum over all paths i -> i' -> ... -> k
//   of the PRODUCT, along the path, of a slope phi' and a weight at each unit:
//
//     A_{l-1}(n, j) phi_l'(z_i) sum_{i'} W_{l+1}(i', i) phi'_{l+1}(z_i') sum_{i''} W_{l+2}(i'', i') ...
//
//   A sum of products, each sum inside the one above it: not a product of one sum a layer.
//   For an input x_d the tangent starts as dA_0(n, d) = 1.
// Shapes:   theta [P], X [N x D], J_y_theta [(N K) x P], J_y_x [(N K) x D]
// Cost:     O(N P) flops a parameter, O(N P^2) in all; evaluating allocates nothing
// Accuracy: within the running error bound of verification/error_bound.hpp with PathSummation::from_parameter.
//           The tangent starts exact, each dA costs one rounding and the error of phi', each dZ one product and
//           the roundings of its partial sums, in the order of kernel/batch_product.hpp.
// Source:   the chain rule; forward-mode derivatives: Griewank and Walther (2008), sec. 3.1
#pragma once

#include <memory>

#include "jacobench/jacobian/strategy.hpp"

namespace jacobench {

std::unique_ptr<Evaluator> make_per_parameter(const Perceptron& network, Index max_rows,
                                              const StrategyOptions& options);

}  // namespace jacobench
