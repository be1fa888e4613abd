// The equations of one damped step down the objective S = |r|^2, in the smaller of the two forms that they have.
//
// Model:  (M + mu D) d = -g,   g = J'r with the penalty rows,  M = J'J (Gauss-Newton), or half the Hessian of S where the
//         second derivatives of the network were added (Newton)
//         normal   P x P: M by blocks of observations, D = mean(diag J'J) I in standardised units. Damping all parameters
//                  alike keeps a unit that is saturated, whose columns vanish, from running away
//         dual     for more parameters than observations and a penalty K on all weights, n x n:
//                    d = -B^-1 (J'u + K theta),   (I + J B^-1 J') u = r - J B^-1 K theta,   B = K + mu D,
//                  r that of the data alone, D proportional to K and, for parameters without a penalty, to the mean of their
//                  diag J'J. J B^-1 J' is JacobianProducts::outer_gram: J is never formed. Gauss-Newton only
// Cost:   normal: J in the cache, n P^2 flops, P^3 / 3 a solve; second derivatives as in network/second_derivatives.hpp
//         dual: n^2 flops a unit, n^3 / 3 a solve, and two passes for the products
// Errors: logic_error for the dual of a penalty that differs within the weights, or within the biases, of a layer
// Source: Levenberg (1944), Quart. Appl. Math. 2; Transtrum and Sethna (2012), arXiv:1201.5885, "Improvements to the
//         Levenberg-Marquardt algorithm for nonlinear least-squares minimization"; Hastie, Tibshirani and Friedman (2009), sec. 18.3.5, for the dual
#pragma once

#include "jacobench/fit/residuals.hpp"

namespace jacobench {

class StepEquations {
 public:
  virtual ~StepEquations() = default;

  // To r, g and M at tau. Returns whether they are finite; if not, nothing below may be asked.
  virtual bool move_to(const Vector& tau) = 0;

  // Adds the second derivatives to M. Returns whether that is possible.
  virtual bool add_second_derivatives() = 0;

  // Returns whether M + mu D is positive definite up to rounding, without which d is undefined.
  virtual bool solve(double mu, Vector& d) = 0;

  // Bends the last solution d along the curve that the fitted values take: d + a / 2 with (M + mu D) a = -J' r_dd, r_dd the
  // second derivative of r along d (Transtrum and Sethna 2012). Returns whether a is short enough beside d to be believed;
  // if not, d is as it was.
  virtual bool bend(Vector& d) = 0;

  // How much S falls along the last solution, as M predicts.
  virtual double predicted_fall(double mu, const Vector& d) const = 0;

  const Vector& gradient() const { return g_; }
  const Vector& residuals() const { return r_; }
  double objective() const { return r_.squaredNorm(); }

 protected:
  explicit StepEquations(Residuals& residuals)
      : residuals_(residuals), r_(residuals.n_rows()), g_(residuals.n_params()) {}

  Residuals& residuals_;
  Vector r_, g_;
};

}  // namespace jacobench
