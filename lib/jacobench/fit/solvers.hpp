// The two solvers of a fit: damped steps go down to a minimum, orthogonal factorisation goes to the bottom of it.
//
// Model:  both minimise |r(tau)|^2, r as in fit/residuals.hpp
//           descend   the steps of fit/step_equations.hpp, Gauss-Newton while they gain a tenth of the objective and
//                     Newton where they do not, mu by the gain ratio; a long descent bends its Newton steps. Where it
//                     comes to rest at a saddle point it goes on along a direction in which S curves downwards
//           polish    min |J d + r|^2 + mu |C d|^2 by pivoted QR of J C^-1, C the norms of the columns, from mu = 0:
//                     plain Gauss-Newton as long as that goes down, and Newton where it is slow and J'J far from
//                     singular. Parameters that nothing depends on stay as they are. Where an offset is asked for,
//                     steps by normal equations come before, which may be all (fit/approach.hpp)
// Stops:  polish ends where the relative offset of Bates and Watts, how far r is from orthogonal to the tangent plane,
//           (|Q_1'r| / sqrt(p)) / (|Q_2'r| / sqrt(n - p)),   p = rank J, n rows,
//         is at the rounding of r itself, |y| 2^-53 / |r| times four, or as small as was asked for; where it stops
//         going down; or after max_iterations.
// Cost:   an iteration of descend: that of fit/step_equations.hpp and one more evaluation of the network; of polish: J
//         and 2 n P^2 flops
// Source: Bates and Watts (1981), Technometrics 23(2), "A relative offset orthogonality convergence criterion";
//         Marquardt (1963), SIAM J. 11(2); Moré and Sorensen (1979), Math. Programming 16, on
//         directions of negative curvature; Madsen, Nielsen and Tingleff (2004), "Methods for non-linear least squares"
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <optional>

#include "jacobench/fit/remaining.hpp"
#include "jacobench/fit/residuals.hpp"
#include "jacobench/fit/step_equations.hpp"
#include "jacobench/fit/stop.hpp"

namespace jacobench {

struct Descent {
  enum class End { arrived, iteration_limit, interrupted, not_finite, left };

  double objective = 0;  // |r|^2; infinite where r is not finite
  Index n_iterations = 0;
  End end = End::not_finite;
  double radius = 0;  // of the next step, where steps have one
};

// The damping of the first step: a small one reaches far, a large one stays near the start.
struct StepDamping {
  double mu;
  DampingBy by = DampingBy::mean;
};
inline constexpr StepDamping usual_damping{100};

struct DescentOptions {
  Index max_iterations = 1000;
  StepDamping damping = usual_damping;
  // Called after each step; the descent ends where it says no.
  std::function<bool(double objective)> go_on = {};
  // Steps within a radius begin at once where that of the first is given; leaves_at is asked before each of them, at
  // the point where the equations are.
  std::optional<double> radius = {};
  std::function<bool(const Vector& tau)> leaves_at = {};
};

// A workspace for going down, to residuals that may change between one time and the next.
class Descender {
 public:
  // Both are kept by reference.
  Descender(Residuals& residuals, StepEquations& equations);

  // Moves tau down. Allocates nothing.
  Descent descend(Vector& tau, const DescentOptions& options = {});

 private:
  Descent descend_within(double radius, double objective, Index iteration, Vector& tau,
                         const DescentOptions& options);
  double objective_along(const Vector& tau, double t, double low_enough);
  bool leave_saddle(Vector& tau, double& objective);

  Residuals& residuals_;
  StepEquations& equations_;
  Vector r_tried_, step_, tried_;
  Vector straight_, half_bend_, corrected_;  // of steps within a radius
};

// Small enough to be orthogonal: Bates and Watts (1981), sec. 3.
inline constexpr double orthogonal_enough = 0.001;

// Where Gauss-Newton steps leave more than this of the gradient, they are slow, and second derivatives are worth their
// cost.
inline constexpr double slow_contraction = 0.25;

// From this relative offset on, a tenth of a standard error, a Newton step leaves a part of what is left that shrinks
// with it, and a Gauss-Newton step always the same part: where second derivatives are there, they are used.
inline constexpr double near_enough_for_newton = 0.1;

// Where Gauss-Newton steps promise to move so little, in standard errors, second derivatives would not change the
// verdict on it.
inline constexpr double negligible_move = 1e-6;

// What the rounding of y and of r itself does to residuals with this |r|^2, and to |r|^2.
inline double residual_rounding(const Residuals& residuals, double objective) {
  return 2 * std::numeric_limits<double>::epsilon() * (residuals.size_of_outputs() + std::sqrt(objective));
}
inline double objective_rounding(const Residuals& residuals, double objective) {
  return 2 * std::sqrt(objective) * residual_rounding(residuals, objective);
}

// How low a point is, and how long the part of r in its tangent plane.
struct Standing {
  double objective, tangential;
};

// Better is down, or as low and closer to orthogonal: near the minimum the objective, known to `slack`, no longer tells
// two points apart. What is not a number is not better.
inline bool is_better(const Standing& next, const Standing& now, double slack) {
  const bool is_down = next.objective < now.objective - slack;
  return next.objective <= now.objective + slack && (is_down || next.tangential < 0.98 * now.tangential);
}

struct PolishOptions {
  Index max_iterations = 1000;
  double relative_offset = 0;  // small enough to stop at; 0: where rounding stops it
  double damping = 0;          // mu of the first step
  // Called after each step; polishing ends where it says no.
  std::function<bool(double objective)> go_on = {};
};

struct Polished {
  double objective;  // |r|^2
  Index n_iterations;
  Index rank;
  std::optional<double> relative_offset;  // none where the rows do not outnumber the rank
  Stop stop;
};

// Whether polishing holds J, or the triangle of it, made by blocks of rows, which serves as well where J is large.
bool holds_jacobian(double n_rows, double n_params);

class Approach;

// A workspace for polishing, to residuals that may change between one time and the next.
class Polisher {
 public:
  // The residuals are kept by reference.
  explicit Polisher(Residuals& residuals);
  ~Polisher();

  // Moves tau to the bottom. Allocates nothing.
  Polished polish(Vector& tau, const PolishOptions& options = {});

  // What is left undone at tau, where the last polish ended, if that is finite.
  std::optional<Remaining> remaining(const Vector& tau);

  // There, too.
  const Vector& residuals() const;
  void get_gradient(Vector& gradient) const;  // of |r|^2 by tau

 private:
  class Tangent;
  class Damping;
  class Newton;

  std::optional<Polished> polish_by_normal_equations(Vector& tau, const PolishOptions& options,
                                                     Index& n_iterations);
  bool take_step(Vector& tau);
  std::optional<Stop> reason_to_stop(double relative_offset) const;
  Stop reason_for_rest() const;
  bool step_down(Vector& tau, double& mu);

  Residuals& residuals_;
  std::unique_ptr<Tangent> now_, next_;
  std::unique_ptr<Damping> damping_;
  std::unique_ptr<Newton> newton_;
  std::unique_ptr<Approach> approach_;  // where an offset was asked for
  bool is_by_approach_ = false;         // whether the last polish ended there
  Vector step_, tried_;
  Matrix T_;
};

}  // namespace jacobench
