// The first part of polishing where a relative offset was asked for: steps by normal equations, for as long as J is far
// enough from singular for them. What they can't do is left to orthogonal factorisation (fit/solvers.hpp).
//
// Model:  A = C^-1 J'J C^-1 = L L', C the norms of J's columns. Steps e = C d are those of Gauss and Newton, A e =
//         -C^-1 g, and where these are slow the full Newton ones, with the second derivatives of S on the left as well.
//         The part of r in the tangent plane is as long as L^-1 C^-1 g, from which the relative offset follows.
// Safety: the pivots of L are those of an orthogonal factorisation without permutation. With none below 1e-3 the part
//         of r in the tangent plane is right to about 1e-10 |r|, a hundredth of the smallest offset that is taken,
//         1e-8.
// Cost:   an iteration is r, J'J and J'r and a solve: half of what it is by orthogonal factorisation
// Source: Golub and Van Loan (2013), Matrix Computations, sec. 5.3.2 and 5.3.8, on what normal equations lose; Bates
//         and Watts (1981), Technometrics 23(2)
#pragma once

#include <optional>

#include "jacobench/fit/approach_course.hpp"
#include "jacobench/fit/normal_equations.hpp"
#include "jacobench/fit/remaining.hpp"
#include "jacobench/fit/solvers.hpp"

namespace jacobench {

class Approach {
 public:
  // The residuals are kept by reference.
  explicit Approach(Residuals& residuals);

  struct Result {
    bool has_arrived;
    Index n_iterations;
    double objective, relative_offset;  // 0 where it has not
  };

  // Moves tau down. It has arrived where the relative offset is as small as was asked for; where it has not, tau is the
  // best point so far, from which somebody else may go on. Allocates nothing.
  Result approach(Vector& tau, const PolishOptions& options);

  // Of the point where it has arrived.
  const Vector& residuals() const { return equations_.residuals(); }
  void get_gradient(Vector& gradient) const { gradient = 2 * equations_.gradient(); }  // of |r|^2 by tau
  std::optional<Remaining> remaining();

 private:
  std::optional<Standing> move_to(const Vector& tau);
  double tangential() const { return along_.norm(); }
  bool newton_step();
  void gauss_newton_step();

  Residuals& residuals_;
  NormalEquations equations_;
  Vector C_;
  Matrix L_;
  Vector along_;  // L^-1 C^-1 g
  Matrix H_, T_;
  ApproachCourse course_;
  Vector step_, tried_, fitted_;
};

}  // namespace jacobench
