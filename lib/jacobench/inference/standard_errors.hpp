// The standard errors of a fitted function at fixed points, for one fit after another to data of one shape, in a workspace
// that is made once: what a simulation of intervals spends its time in beside the refits.
//
// Model:  that of inference/covariance.hpp for networks of one output, the kinds that need no second derivative, and the
//         policy to refuse. With T T' = (J'J + K)^-1 by pivoted QR, Q = J T and a = T'g0, se^2 =
//           delta, laplace  s^2 a'a      ridge  s^2 |Q a|^2      hc0 ... hc3  |diag(e) Q a|^2,  e the adjusted residuals
// Shapes: X0 [M x D], fit and se [M]; data as in fit/dataset.hpp
// Cost:   linearise: J at N and M points; a kind: 2 N P^2 + M P^2 flops, twice that for those that need Q; no allocation
//         after making (with OpenBLAS and the analytic strategies)
// Errors: logic_error for shapes, several outputs and options that are not of the above; what the data do not allow is an
//         outcome: `status`
#pragma once

#include "jacobench/inference/covariance.hpp"
#include "jacobench/kernel/scaled_qr.hpp"

namespace jacobench {

class StandardErrors {
 public:
  // Whether these options are of the kinds above.
  static bool can_compute(const CovarianceOptions& options);

  // `like` has the shapes of all data.
  StandardErrors(const Perceptron& network, const Dataset& like, const MatrixView& X0,
                 const Vector& decay = {}, const JacobianChoice& jacobian = {});

  // The network linearised at theta. Returns whether it and its derivative are finite; if not, nothing below may be asked.
  bool linearise(const Vector& theta, const Dataset& data);

  // From there to the minimum of the linearised objective, one Gauss-Newton step, with J left as it is: fits and
  // intervals are then those of a linear model. Returns whether data and decay determine the step.
  bool take_linear_step();

  const Vector& fit() const { return fit_; }
  double rss() const { return residuals_at_data().squaredNorm(); }

  // Of the data alone.
  Index rank() { return data_factor().qr.rank(); }

  // |J C^-1|_F |(J C^-1)^+|_F, C the norms of the columns; infinite where the rank is not full.
  double condition();

  struct Outcome {
    CovarianceStatus status;
    double sigma, dof;
  };
  // se is the mean's; that of a new observation is sqrt(se^2 + sigma^2).
  Outcome compute(const CovarianceOptions& options, Vector& se);

 private:
  // T, and where it is asked for Q, of the rows of the data or of these and the penalty's.
  struct Factor {
    Factor(Index n_rows, Index n_data_rows, Index n_params);

    Matrix scaled;  // [n_rows x P]
    ScaledQr qr;
    Matrix T, Q;
    bool is_ready = false, has_Q = false;
  };

  Eigen::Map<const Vector> residuals_at_data() const { return {r_.data(), n_data_rows_}; }
  Factor& data_factor();
  Factor& penalised_factor();
  void factorise(Factor& factor) const;
  const Matrix& Q_of(Factor& factor) const;
  double degrees_of_freedom(DofRule rule, Factor& factor);
  CovarianceStatus adjust_residuals(CovarianceKind kind, Factor& factor);

  const Perceptron network_;
  const Index n_data_rows_;
  const Matrix X0_;
  const bool has_decay_;
  Residuals residuals_;
  std::unique_ptr<Evaluator> at_points_;
  Vector r_, rotated_, step_;
  Matrix J_;  // with the penalty's rows below
  Matrix fit_at_points_, G_, A_, AS_, S_, weighted_Q_;
  Vector fit_, adjusted_;
  Factor data_, penalised_;
};

}  // namespace jacobench
