// Formulas for the Jacobian that somebody has asked about: strategies of the studies alone, which promise nothing, so
// that a result says by how much they are off. The library has none of them.
//
//   product_of_sums   "Calculating the Jacobian of a neural network" (Cross Validated, question 246088) asks whether,
//                     with two hidden layers Z_1 = X alpha, Z_2 = phi(Z_1) beta and y = phi(Z_2) gamma, the column of a
//                     weight from input j to unit i of the first is
//
//                       x_nj phi'(z_1,ni) (sum_g beta_ig) (sum_g phi'(z_2,ng) gamma_g)      (wrong)
//                       x_nj phi'(z_1,ni)  sum_g beta_ig phi'(z_2,ng) gamma_g         (right)
//
//                     sigma'(X_1 alpha_1) of the question being read as phi' of the unit, and alpha without the biases
//                     that it leaves out. The sum over the paths is cut into one sum a layer, and the sums are
//                     multiplied. With H units in the layer above, wrong - right = sum over g != h of beta_ig
//                     phi'(z_2,nh) gamma_h: each weight meets the slopes of all units and not of its own alone.
//                     More layers: d_L(k) = phi_L'(z_k), d_{L-1}(i) = phi'(z_i) W_L(k,i) d_L(k), and from there down
//                     d_l(j) = phi_l'(z_j) (sum_i W_{l+1}(i,j)) (sum_i d_{l+1}(i)) in the place of
//                     phi_l'(z_j) sum_i W_{l+1}(i,j) d_{l+1}(i); the column is A_{l-1}(n,j) d_l(i), of a bias d_l(i).
//                     It is exact for the last two layers of weights, where one path leads to an output: for all of a
//                     network with one hidden layer; and where every hidden layer above the first has one unit.
// Shapes:   as in network/perceptron.hpp; inputs are differentiated by the same recursion
// Cost:     O(N P) flops
#pragma once

#include <span>

#include "jacobench/jacobian/strategy.hpp"

namespace jacobench::harness {

std::span<const StrategyInfo> tried_formula_table();

// Whether it is a formula that follows no path of the network and takes no step: nothing is promised of it.
bool is_on_trial(const StrategyInfo& strategy);

// J_y_theta by product_of_sums.
Matrix product_of_sums_jacobian(const Perceptron& network, const VectorView& theta, const MatrixView& X);

}  // namespace jacobench::harness
