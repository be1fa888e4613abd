#include "jacobench/fit/residuals.hpp"

#include <algorithm>
#include <cmath>

#include "jacobench/base/errors.hpp"
#include "jacobench/jacobian/products.hpp"
#include "jacobench/kernel/blas.hpp"
#include "jacobench/kernel/kernels.hpp"
#include "jacobench/network/wide_row.hpp"

namespace jacobench {

Residuals::Residuals(const Perceptron& network, const Dataset& data, const Vector& decay,
                     const JacobianChoice& jacobian, Units units)
    : network_(network),
      scaling_(network),
      units_(units),
      X_(data.X.rows(), data.X.cols()),
      Y_(data.Y.rows(), data.Y.cols()),
      row_map_{.factors = Matrix(data.Y.rows(), data.Y.cols())},
      offset_(Vector::Zero(network.n_params())),
      evaluator_(make_evaluator(jacobian, network, rows_in_block(network, data.n_observations()))),
      values_(rows_in_block(network, data.n_observations()), data.Y.cols()) {
  JB_EXPECT(decay.size() == 0 || decay.size() == network.n_params(), "{} penalties for {} parameters",
            decay.size(), network.n_params());
  for (Index p = 0; p < decay.size(); ++p)
    if (decay[p] > 0) penalised_.push_back({p, std::sqrt(decay[p])});
  set_data(data);
}

void Residuals::set_data(const Dataset& data) {
  JB_EXPECT(data.X.rows() == X_.rows() && data.X.cols() == X_.cols(), "X is {} x {}, want {} x {}",
            data.X.rows(), data.X.cols(), X_.rows(), X_.cols());
  if (units_ == Units::users) {
    X_ = data.X;
  } else {
    scaling_.set_inputs(data.X);
    scaling_.scale_inputs(data.X, X_);
  }
  set_outputs(data);
}

void Residuals::set_outputs(const Dataset& data) {
  JB_EXPECT(data.Y.rows() == Y_.rows() && data.Y.cols() == Y_.cols(), "Y is {} x {}, want {} x {}",
            data.Y.rows(), data.Y.cols(), Y_.rows(), Y_.cols());
  if (units_ == Units::users) {
    Y_ = data.Y;
  } else {
    scaling_.set_outputs(data.Y);
    scaling_.scale_outputs(data.Y, Y_);
    if (!penalised_.empty()) {
      offset_.setZero();
      scaling_.make_user(offset_);
    }
  }
  set_row_factors(data);
  row_map_.mixing = data.output_mixing();
  size_of_outputs_ = has_unit_factors_ ? Y_.norm() : Y_.cwiseProduct(row_map_.factors).norm();
  if (row_map_.mixing.is_identity()) return;
  Matrix rows = Y_;
  row_map_.bound(rows);
  size_of_outputs_ = rows.norm();
}

void Residuals::set_row_factors(const Dataset& data) {
  Matrix& factors = row_map_.factors;
  const Vector& scale = scaling_.output_scale();
  if (Y_.cols() == 1 && data.weights.size() == 0 && data.output_scales.size() == 0) {
    unit_ = scale[0];
    if (!has_unit_factors_) factors.setOnes();
    has_unit_factors_ = true;
    return;
  }
  data.get_row_factors(factors);
  if (units_ == Units::standardised) {
    factors.array().rowwise() *= scale.transpose().array();
    unit_ = std::exp2(std::round(std::log2(factors.maxCoeff())));
    factors /= unit_;
  }
  has_unit_factors_ = (factors.array() == 1).all();
}

namespace {

bool is_finite(const double* columns, Index n_rows, Index n_columns = 1) {
  return are_surely_finite(columns, n_rows, n_columns, n_rows) ||
         std::isfinite(Eigen::Map<const Vector>(columns, n_rows * n_columns).sum());
}

}  // namespace

// Sets the data rows of r by blocks of observations, and J, where it is not null, to the Jacobian of each block. Calls
// use(first, n_new, n_seen) for each: its new observations are first to first + n_new, and n_seen before them were in
// the block before.
template <class UseBlock>
void Residuals::for_each_block(const VectorView& tau, double* r, Matrix* J, const UseBlock& use) {
  const Index N = X_.rows(), n = values_.rows();
  if (J) J->resize(values_.size(), n_params());
  Eigen::Map<Matrix> data_rows(r, N, Y_.cols());
  for (Index first = 0; first < N; first += n) {
    const Index row = std::min(first, N - n), n_seen = first - row, n_new = n - n_seen;
    evaluator_->evaluate(tau, X_.middleRows(row, n), {.values = &values_, .J_y_theta = J});
    auto rows = data_rows.middleRows(first, n_new);
    rows = (values_.bottomRows(n_new) - Y_.middleRows(first, n_new))
               .cwiseProduct(row_map_.factors.middleRows(first, n_new));
    row_map_.mixing.uncorrelate(rows);
    use(first, n_new, n_seen);
  }
}

bool Residuals::evaluate(const VectorView& tau, double* r, double* J) {
  const Index N = X_.rows(), n = values_.rows();
  for_each_block(tau, r, J ? &J_y_theta_ : nullptr, [&](Index first, Index n_new, Index n_seen) {
    if (!J) return;
    for (Index p = 0; p < n_params(); ++p)
      for (Index k = 0; k < Y_.cols(); ++k)
        kernel::kernels().product(&J_y_theta_(k * n + n_seen, p), &row_map_.factors(first, k),
                                  J + p * n_rows() + k * N + first, n_new);
  });
  if (J)
    row_map_.mixing.uncorrelate_rows(Eigen::Map<Matrix, 0, Eigen::OuterStride<>>(
        J, n_data_rows(), n_params(), Eigen::OuterStride<>(n_rows())));
  evaluate_penalty_rows(tau, r + n_data_rows(), J ? J + n_data_rows() : nullptr, n_rows());
  return is_finite(r, n_rows()) && (!J || is_finite(J, n_rows(), n_params()));
}

// Calls use(J, r) for the rows of one output and block after the other.
template <class UseRows>
void Residuals::for_rows_of_data(const VectorView& tau, Vector& r, const UseRows& use) {
  const Index N = X_.rows(), n = values_.rows();
  for_each_block(tau, r.data(), &J_y_theta_, [&](Index first, Index n_new, Index n_seen) {
    const auto rows_of = [&](Index k) { return J_y_theta_.middleRows(k * n + n_seen, n_new); };
    for (Index k = 0; !has_unit_factors_ && k < Y_.cols(); ++k)
      rows_of(k).array().colwise() *= row_map_.factors.col(k).segment(first, n_new).array();
    row_map_.mixing.uncorrelate_rows(J_y_theta_);
    for (Index k = 0; k < Y_.cols(); ++k) {
      auto J = rows_of(k);
      use(J, r.segment(k * N + first, n_new));
    }
  });
}

bool Residuals::normal_equations(const VectorView& tau, Vector& r, Matrix& J_t_J, Vector& J_t_r) {
  J_t_J.setZero();
  J_t_r.setZero();
  for_rows_of_data(tau, r, [&](const auto& J, const auto& r_rows) {
    blas::add_gram(J, J_t_J);
    blas::add_transposed_product(J, r_rows, J_t_r);
  });
  if (!penalised_.empty()) add_penalty(tau, r.data(), J_t_J, J_t_r);
  return is_finite(r.data(), n_rows()) && is_finite(J_t_r.data(), n_params()) && std::isfinite(J_t_J.trace());
}

bool Residuals::triangle(const VectorView& tau, Vector& r, Matrix& R_and_c) {
  const Index P = n_params();
  R_and_c.setZero(P + 1, P + 1);
  const auto add = [&](const auto& J, const auto& r_rows) {
    J_and_r_.resize(J.rows(), P + 1);
    J_and_r_ << J, r_rows;
    blas::add_rows_to_triangle(R_and_c, J_and_r_);
  };
  for_rows_of_data(tau, r, add);
  if (n_penalty_rows() > 0) {
    Matrix J(n_penalty_rows(), P);
    evaluate_penalty_rows(tau, r.data() + n_data_rows(), J.data(), J.rows());
    add(J, r.tail(n_penalty_rows()));
  }
  return is_finite(r.data(), n_rows()) && is_finite(R_and_c.data(), R_and_c.rows(), R_and_c.cols());
}

double Residuals::penalty_form(const Matrix& T) const {
  double sum = 0;
  for (const Penalised& penalised : penalised_)
    for (Index j = 0; j < T.cols(); ++j)
      sum += std::pow(penalised.root / unit_ * in_users_units(penalised.parameter, T.col(j)), 2);
  return sum;
}

// (T v)_p
double Residuals::in_users_units(Index parameter, const VectorView& v) const {
  double sum = 0;
  scaling_.for_each_in_row(parameter, [&](Index q, double entry) { sum += entry * v[q]; });
  return sum;
}

double Residuals::penalty_row(const Penalised& penalised, const VectorView& tau) const {
  return penalised.root / unit_ * (offset_[penalised.parameter] + in_users_units(penalised.parameter, tau));
}

// r and, where it is not null, J begin with the penalty rows; J's columns are `stride` apart.
void Residuals::evaluate_penalty_rows(const VectorView& tau, double* r, double* J, Index stride) const {
  if (J)
    Eigen::Map<Matrix, 0, Eigen::OuterStride<>>(J, n_penalty_rows(), n_params(), Eigen::OuterStride<>(stride))
        .setZero();
  Index row = 0;
  for_each_penalty_row(tau, [&](double r_row, const auto& entries) {
    if (J) entries([&](Index q, double J_q) { J[q * stride + row] = J_q; });
    r[row++] = r_row;
  });
}

void Residuals::add_penalty(const VectorView& tau, double* r, Matrix& J_t_J, Vector& J_t_r) const {
  Index row = n_data_rows();
  for_each_penalty_row(tau, [&](double r_row, const auto& entries) {
    r[row++] = r_row;
    entries([&](Index q, double J_q) {
      J_t_r[q] += J_q * r_row;
      entries([&](Index p, double J_p) {
        if (p >= q) J_t_J(p, q) += J_p * J_q;
      });
    });
  });
}

}  // namespace jacobench
