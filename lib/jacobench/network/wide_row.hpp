// One observation through a network in long double, for where doubles overflow on the way to a result that they can
// hold.
//
// Model:    that of network/perceptron.hpp. A product with a factor 0 is 0 even where the other factor is infinite:
//           such a zero is exact (a weight, an input, a unit that is off), or a slope that has underflowed because
//           its unit has saturated, which an activation does faster than what drives it grows.
// Accuracy: some units of 2^-63 of the largest terms, where long double has 64 bits, as on x86-64. Its exponents
//           reach 10^4932: exp(z) overflows beyond z = 11356. What is not finite after all is left so.
//           Of second derivatives a kink has none: that of either side is taken.
// Cost:     about 2 P flops in long double a value, and as many for the derivatives of an output; second derivatives 8
//           P a direction, and 8 P^2 for their sum; allocates
#pragma once

#include <string>
#include <vector>

#include "jacobench/network/perceptron.hpp"

namespace jacobench {

class WideRow {
 public:
  // x [D]
  WideRow(const Perceptron& network, const VectorView& theta, const Vector& x);

  double value(Index k) const { return static_cast<double>(activations_.back()[k]); }

  // The derivatives of output k, rounded to double, into row `row` of J [. x P] or [. x D]; null: not wanted.
  void differentiate(Index k, Index row, Matrix* J_y_theta, Matrix* J_y_x) const;

  // d2 y_k / dv2 at theta + t v, of each output, rounded to double.  Shape: v [P], result [K]
  Vector along(const VectorView& v) const;

  // Adds sum_k c_k d2 y_k / d theta d theta', rounded to double, to the lower triangle of `sum`.  Shapes: c [K], sum [P
  // x P]
  void add_weighted_second_derivatives(const Vector& c, Matrix& sum) const;

  // The first unit whose output a double cannot hold: "unit 0 of layer 1 (exp) gives 2.73e+347", layers from 1 as in
  //                                                   w1; empty where there is none.
  std::string overflow() const;

 private:
  using WideVector = Eigen::Matrix<long double, Eigen::Dynamic, 1>;

  const WideVector& below(Index l) const {
    return l == 0 ? inputs_ : activations_[static_cast<std::size_t>(l - 1)];
  }

  // Of a layer, along a direction of the parameters: the outputs of its units and the input of each.
  struct Along {
    WideVector a, z;
  };
  std::vector<Along> first_along(const Vector& v) const;

  const Perceptron& network_;
  VectorView theta_;
  WideVector inputs_;
  std::vector<WideVector> activations_, slopes_, bends_;
};

// Whether all entries are finite; that is not known where their squares overflow.
bool are_surely_finite(const double* columns, Index n_rows, Index n_columns, Index stride);

// The rows of a matrix with an entry that is not finite, plus `first`, appended to `rows`.  Cost: one multiplication
// and addition an entry
template <class Columns>
void append_overflowing_rows(const Columns& M, Index first, std::vector<Index>& rows) {
  if (are_surely_finite(M.data(), M.rows(), M.cols(), M.outerStride())) return;
  for (Index n = 0; n < M.rows(); ++n)
    if (!M.row(n).allFinite()) rows.push_back(first + n);
}

}  // namespace jacobench
