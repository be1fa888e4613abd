// (J'J + K)^-1 by products with J alone, K diagonal.
//
// Model:  J = B J_y_theta by the map of fit/row_map.hpp. Where K is positive, d = (J'J + K)^-1 v is what LSMR finds on
//         the rows of [J; sqrt(K)] K^-1/2, no singular value of which is below one: where |A'r| is what is left of the
//         gradient there, w = J d is known to |A'r|, and so is sqrt(v'd)
//         tr H, H = J (J'J + K)^-1 J', is the mean of z'H z over vectors z of random signs
// Shapes: theta, v, d [P], X [N x D]; w, z [N K]
// Cost:   4 products of a pass an iteration of LSMR, as many as singular values are well above one at most
// Source: Fong and Saunders (2011), SIAM J. Sci. Comput. 33(5); Hutchinson (1989), Commun. Stat. Simul. Comput. 18(3)
//         (the trace)
#pragma once

#include "jacobench/fit/hat_trace.hpp"
#include "jacobench/fit/penalised_jacobian.hpp"

namespace jacobench {

class MatrixFreeFactor {
 public:
  MatrixFreeFactor(const Perceptron& network, const Vector& K, Index n_observations);

  void move_to(const Vector& theta, const Matrix& X, const RowMap& rows);

  // Returns whether w is known to `accuracy`, relative to its length.  Errors: logic_error where a parameter has no
  // penalty
  bool solve(const Vector& v, double accuracy, Vector& d, Vector& w);

  // To a hundredth of n - tr H, or as near as so many solutions get.
  HatTrace estimate_trace();

 private:
  const Vector K_;
  PenalisedJacobian J_;
  Lsmr lsmr_;
  Vector right_;
};

}  // namespace jacobench
