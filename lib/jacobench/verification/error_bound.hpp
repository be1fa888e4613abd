// How far rounding can move each entry of an analytic Jacobian, and the scales to put an error in.
//
// Running error analysis: every quantity is followed together with a bound of its error in units of u = 2^-53,
// from the numbers that the computation itself went through.
//
//   pre-activation  z = b + w_1 a_1 + ... + w_m a_m by fused multiply-adds, with partial sums s_1, ..., s_m:
//                     e_z = sum_j |w_j| e_{a_j} + sum_j |s_j|
//   activation      e_a = |phi'(z)| e_z + 2 v |phi(z)|, v being value_ulp of the activation (1 ulp <= 2 u)
//   slope           e_d = |phi''(z)| e_z + 2 v' m, v' being derivative_ulp and m what its row measures against.
//                   This is how the rounding of z moves phi'. Within e_z of zero, where some activations bend,
//                   |phi'| and |phi''| are those of the steeper side, and e_d includes the jump.
//   path sums       a sum t = sum_k w_k t_k, from the outputs down or from the parameter up, has
//                     e_t = sum_k |w_k| e_{t_k} + sum_k |partial sums|,
//                   and its product with a slope delta = d t has
//                     e_delta = |d| e_t + |t| e_d + u e_d e_t + |delta|
//   entry           J = delta a:  e_J = |delta| e_a + |a| e_delta + u e_delta e_a + |J|
//                   bias:         e_J = e_delta + |J|
//
// Other terms of second order are dropped; the bound is widened by 2^-10 of itself for them, and by 2^-960 for
// numbers that underflow (an absolute 2^-1075 each, multiplied by no more than 2^100 on its way up).
//
// The scale S of an entry is the same sum over paths with every term taken absolute:
//   S_A = max(|phi(z)|, |phi'(z)| S_z) with S_z = |W| S_A + |b| and S_{A_0} = |X|: phi(z) without the
//   cancellation in z, S_delta = |phi'(z)| (|W|' S_delta), S = S_delta S_A (S_delta for a bias).
// Where phi' passes through zero no computed entry can follow it (z itself is rounded): |phi'| is floored by
// |phi''| min(1, S_z) / 2. Every monotone activation has |phi''| <= 2 |phi'|, so that there the floor never acts.
//
// The condition scale C is S with phi' treated as phi is: max(|phi'|, |phi''| S_z) in place of |phi'|. It is how
// far a change by one unit of every x, weight and bias can move the entry: no method that reads rounded data can
// promise less than C. The promise, B / C in units of u, is in these terms: in terms of S it grows with depth as
// the norm of |W| does, for the rounding of z alone.
//
// Shapes: bound, scale, condition are (N K) x P or (N K) x D like the Jacobian; bound is absolute
// Cost:   O(N K P) for from_outputs, O(N P units) for from_parameter, and three matrices the size of J
// Source: Higham (2002), Accuracy and Stability of Numerical Algorithms, sec. 3.3 (running error analysis)
#pragma once

#include "jacobench/jacobian/strategy.hpp"
#include "jacobench/network/perceptron.hpp"
#include "jacobench/verification/reference.hpp"

namespace jacobench {

struct EntryScales {
  Matrix bound;      // |computed - true| stays within it; empty where nothing is promised
  Matrix scale;      // S
  Matrix condition;  // C
};

EntryScales error_scales(const Perceptron& network, const VectorView& theta, const MatrixView& X,
                         PathSummation summation, Wrt wrt);

// How far rounding can move each output: what the forward pass makes, and a change of every x, weight and bias by one
// unit u.
// Absolute; infinite where the network overflows.  Shape: [N x K]
Matrix value_error_bound(const Perceptron& network, const VectorView& theta, const MatrixView& X);

// The bound of a numeric strategy that promises `relative_error` (StrategyInfo::numeric_promise): in the row of y_nk,
// relative_error (||J*_row||_2 + |y_nk|), the truncation being in proportion to the first and the rounding to the
// second.
// Shapes: J [(N K) x P or D], values [N x K]; the result has the shape of J.
Matrix numeric_error_bound(double relative_error, const ReferenceMatrix& J, const ReferenceMatrix& values);

}  // namespace jacobench
