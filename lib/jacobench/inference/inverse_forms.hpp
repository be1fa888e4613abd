// (J'J + K)^-1 of a penalised fit with more parameters than observations, as its observations see it: all that bands
// are made of, without J.
//
// Model:  for a gradient g, d = (J'J + K)^-1 g, w = J d and g'd. With H = J (J'J + K)^-1 J', the variances of a linear
//         function g are
//           ridge s^2 |w|^2,  laplace s^2 g'd,  hc0 to hc3 sum_n (a_n'w_n)^2    (s and a: inference/covariance.hpp)
//         dual          by n x n matrices (fit/dual_factor.hpp)
//         matrix free   by LSMR for each gradient (fit/matrix_free_factor.hpp); H is not to be had, and its trace may
//                       be an estimate
// Shapes: gradients G [m x P], without row factors; W [n x m]; forms [m]; H [n x n]
// Cost:   that of the factors
// Accuracy: |w| and sqrt(g'd) to `accuracy()`, relative
#pragma once

#include <memory>
#include <string>

#include "jacobench/fit/fit.hpp"
#include "jacobench/fit/hat_trace.hpp"

namespace jacobench {

class InverseForms {
 public:
  virtual ~InverseForms() = default;

  // Of a form other than normal, for fits of this network, decay and number of observations; none where data and decay
  // may leave directions open.
  static std::unique_ptr<InverseForms> make(StepForm form, const Fit& like);

  static bool are_possible(StepForm form, double n_params, double n_penalised, double n_values);

  // Returns whether all is finite and determined; if not, nothing below may be asked.
  virtual bool move_to(const Vector& theta, const Matrix& X, const RowMap& rows) = 0;

  virtual double accuracy() const = 0;
  virtual const HatTrace& trace_h() = 0;
  virtual const Matrix* hat() = 0;             // null: it is not to be had
  virtual double log_determinant() const = 0;  // of J'J + K

  // Of the gradients at X0, row k M + m being output k at point m, and of one. Return whether they are as accurate as
  // is said.
  virtual bool at_points(const MatrixView& X0, Matrix& W, Vector& forms) = 0;
  virtual bool solve(const Vector& g, Vector& d, Vector& w) = 0;

  // Of parameters, from one to another, where that takes no system of equations each.
  virtual bool has_parameters() const = 0;
  virtual void of_parameters(Index first, Index n, Matrix& W, Vector& forms) = 0;

  // Gradients that are taken at a time.
  static constexpr Index block = 256;
};

}  // namespace jacobench
