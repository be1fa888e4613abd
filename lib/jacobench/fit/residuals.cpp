#include "jacobench/fit/residuals.hpp"

#include <cmath>

#include "jacobench/base/errors.hpp"

namespace jacobench {

Residuals::Residuals(const Perceptron& network, const Dataset& data, const Vector& decay,
                     const JacobianChoice& jacobian, Units units)
    : network_(network),
      scaling_(network),
      units_(units),
      X_(data.X.rows(), data.X.cols()),
      Y_(data.Y.rows(), data.Y.cols()),
      factors_(data.Y.rows(), data.Y.cols()),
      offset_(network.n_params()),
      evaluator_(make_evaluator(jacobian, network, data.n_observations())),
      values_(data.Y.rows(), data.Y.cols()),
      J_y_theta_(data.n_values(), network.n_params()) {
  JB_EXPECT(decay.size() == 0 || decay.size() == network.n_params(), "{} penalties for {} parameters",
            decay.size(), network.n_params());
  for (Index p = 0; p < decay.size(); ++p)
    if (decay[p] > 0) penalised_.push_back({p, std::sqrt(decay[p])});
  set_data(data);
}

void Residuals::set_data(const Dataset& data) {
  JB_EXPECT(data.X.rows() == X_.rows() && data.X.cols() == X_.cols() && data.Y.rows() == Y_.rows() &&
                data.Y.cols() == Y_.cols(),
            "X is {} x {} and Y {} x {}, want {} x {} and {} x {}", data.X.rows(), data.X.cols(),
            data.Y.rows(), data.Y.cols(), X_.rows(), X_.cols(), Y_.rows(), Y_.cols());
  if (units_ == Units::standardised) scaling_.set(data.X, data.Y);
  offset_.setZero();
  scaling_.make_user(offset_);
  scaling_.scale_inputs(data.X, X_);
  scaling_.scale_outputs(data.Y, Y_);
  data.get_row_factors(factors_);
  factors_.array().rowwise() *= scaling_.output_scale().transpose().array();
  unit_ = units_ == Units::users ? 1 : std::exp2(std::round(std::log2(factors_.maxCoeff())));
  factors_ /= unit_;
  size_of_outputs_ = Y_.cwiseProduct(factors_).norm();
}

bool Residuals::evaluate(const VectorView& tau, double* r, double* J) {
  evaluator_->evaluate(tau, X_, {.values = &values_, .J_y_theta = J ? &J_y_theta_ : nullptr});
  Eigen::Map<Vector> data_rows(r, n_data_rows());
  data_rows.reshaped(Y_.rows(), Y_.cols()) = (values_ - Y_).cwiseProduct(factors_);
  if (J) {
    const auto factors = factors_.reshaped().array();
    for (Index p = 0; p < n_params(); ++p)
      Eigen::Map<Vector>(J + p * n_rows(), n_data_rows()).array() = J_y_theta_.col(p).array() * factors;
  }
  if (!penalised_.empty()) evaluate_penalty_rows(tau, r, J);
  const auto finite = [](const double* data, Index n) {
    return std::isfinite(Eigen::Map<const Vector>(data, n).sum());
  };
  return finite(r, n_rows()) && (!J || finite(J, n_rows() * n_params()));
}

void Residuals::evaluate_penalty_rows(const VectorView& tau, double* r, double* J) const {
  Index row = n_data_rows();
  if (J) Eigen::Map<Matrix>(J, n_rows(), n_params()).bottomRows(n_rows() - row).setZero();
  for (const Penalised& penalised : penalised_) {
    const double root = penalised.root / unit_;
    double theta = offset_[penalised.parameter];
    scaling_.for_each_in_row(penalised.parameter, [&](Index q, double entry) {
      theta += entry * tau[q];
      if (J) J[q * n_rows() + row] = root * entry;
    });
    r[row++] = root * theta;
  }
}

}  // namespace jacobench
