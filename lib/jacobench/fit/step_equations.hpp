// The equations of one damped step down the objective S = |r|^2, in the smallest of the three forms that they have.
//
// Model:  (M + mu D) d = -g,   g = J'r with the penalty rows,  M = J'J (Gauss-Newton), or half the Hessian of S where
//         the second derivatives of the network were added (Newton)
//         normal   P x P: M by blocks of observations, D = mean(diag J'J) I in standardised units, which keeps a unit
//                  that is saturated, whose columns vanish, from running away, or mu D = mu diag J'J + least mean I
//         dual     for more parameters than observations and a penalty on all weights, n x n: of the parameters P that
//                  have a penalty K and the biases F that have none, with B = K + mu D, D_P proportional to K and D_F
//                  to the mean of their diag J'J, d = M^-1 v is
//                    (J_F'V^-1 J_F + B_F) d_F = v_F - J_F'V^-1 J_P B_P^-1 v_P,   V = I + J_P B_P^-1 J_P',
//                    d_P = B_P^-1 (v_P - J_P'w),   w = V^-1 (J_P B_P^-1 v_P + J_F d_F)
//                  where J_P B_P^-1 J_P' is that of jacobian/held_products.hpp: J_P is never formed
//         matrix   the same least squares problem by products with J alone (fit/matrix_free_equations.hpp), where
//                  neither
//         free     matrix can be had
//         dual steps with second derivatives are those of truncated conjugate gradients, by exact products with H and
//         preconditioned by M = J'J + K, in which biases that are free have the penalty of their unit's weights; they
//         end at a radius in the norm of M. H is half the Hessian of S along bent steps, tau + t d + t^2 a / 2 with M a
//         = -J' r_dd, which has the residuals that the Gauss-Newton step would leave in the place of r:
//           S(t) = S + 2 t g'd + t^2 d'H d,   H = J'J + K + sum_i rho_i d2 r_i,   rho = r - J M^-1 g,   since g'a = -(J
//                                             M^-1 g)'r_dd
//         At a minimum rho is r. On the way there, where J and r are of a curved valley and the penalty leads along it,
//         r is what a step at once removes: by r, H would bend down where S along the valley does not
// Cost:   normal: J in the cache, n P^2 flops, P^3 / 3 a solve; second derivatives as in network/second_derivatives.hpp
//         dual: n^2 flops a unit, n^3 / 3 a factorisation; ten products of a pass for each conjugate gradient, seven
//         for a bend or a correction
// Errors: logic_error for the dual of a penalty on weights that is not the product of a number an input and one a unit
// Source: Levenberg (1944), Quart. Appl. Math. 2; Transtrum and Sethna (2012), arXiv:1201.5885, "Improvements to the
//         Levenberg-Marquardt algorithm for nonlinear least-squares minimization"; Hastie, Tibshirani and Friedman
//         (2009), sec. 18.3.5, for the dual; Steihaug (1983), SIAM J. Numer. Anal. 20(3), for conjugate gradients
//         within a radius
#pragma once

#include <optional>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/residuals.hpp"

namespace jacobench {

// Of the mean of diag J'J, where parameters are damped by their own columns: one whose column vanishes stays.
inline constexpr double least_damping_by_columns = 1e-12;

// What mu multiplies in the damping of a step: for all parameters the mean of diag J'J (Levenberg 1944), which keeps a
// unit that is saturated from running away, or for each its own entry (Marquardt 1963), whatever its unit.
enum class DampingBy { mean, columns };

// A step that is as long as a radius allows.
struct RegionStep {
  double predicted_fall;  // of S
  double length;          // in the norm of M
  bool is_at_edge;        // at the radius, beyond which S was still to fall
};

class StepEquations {
 public:
  virtual ~StepEquations() = default;

  // To r, g and M at tau. Returns whether they are finite; if not, nothing below may be asked.
  virtual bool move_to(const Vector& tau) = 0;

  // Adds the second derivatives to M. Returns whether that is possible.
  virtual bool add_second_derivatives() = 0;

  // Whether second derivatives make steps within a radius, of solve_within, in the place of damped ones.
  virtual bool has_region_steps() const { return false; }
  // predicted_fall is that of the step when it is bent. Near a minimum it is solved for to more digits.
  virtual RegionStep solve_within(double radius, bool is_near_minimum, Vector& d);

  // What D is from the next move on, where there is a choice.
  virtual void damp_by(DampingBy) {}

  // Returns whether M + mu D is positive definite up to rounding, without which d is undefined.
  virtual bool solve(double mu, Vector& d) = 0;

  // Bends the last solution d along the curve that the fitted values take: d + a / 2 with (M + mu D) a = -J' r_dd, r_dd
  // the second derivative of r along d (Transtrum and Sethna 2012). Returns whether a is short enough beside d to be
  // believed; if not, d is as it was.
  virtual bool bend(Vector& d) = 0;

  // From r at the end of a step d along the path of the last bend to where fitted values are nearer to r + t J
  // d_straight: d - M^-1 J'(r_at_d - r - t J d_straight), M that of solve_within: the second-order correction of
  // sequential quadratic programming.
  virtual void correct(double t, const Vector& r_at_d, Vector& d);

  // A direction of length one along which M, with the second derivatives, curves downwards, and d'M d; none where M is
  // positive definite up to rounding, or where that is not known.
  virtual std::optional<double> downward_curvature(Vector&) { return {}; }

  // How much S falls along the last solution, as M predicts.
  virtual double predicted_fall(double mu, const Vector& d) const = 0;

  // What fits that are not polished are judged by. How much S would fall without damping; from here to where the
  // gradient vanishes, as its second derivatives have it; tr J (J'J + K)^-1 J' of the data alone. None, or all, where
  // that is not known.
  virtual std::optional<double> fall_to_minimum(Vector& d);
  virtual std::optional<RegionStep> newton_step(Vector&) { return {}; }
  virtual double effective_parameters() { return static_cast<double>(residuals_.n_data_rows()); }

  // Of a, relative to d: Transtrum and Sethna (2012), eq. (15)
  static constexpr double longest_bend = 0.75;

  const Vector& gradient() const { return g_; }
  const Vector& residuals() const { return r_; }
  double objective() const { return r_.squaredNorm(); }

 protected:
  explicit StepEquations(Residuals& residuals)
      : residuals_(residuals), r_(residuals.n_rows()), g_(residuals.n_params()) {}

  Residuals& residuals_;
  Vector r_, g_;
};

inline std::optional<double> StepEquations::fall_to_minimum(Vector& d) {
  if (!solve(0, d)) return {};
  return predicted_fall(0, d);
}

inline void StepEquations::correct(double, const Vector&, Vector&) {
  JB_EXPECT(has_region_steps(), "these equations have no steps within a radius");
}

inline RegionStep StepEquations::solve_within(double, bool, Vector&) {
  JB_EXPECT(has_region_steps(), "these equations have no steps within a radius");
  return {};
}

}  // namespace jacobench
