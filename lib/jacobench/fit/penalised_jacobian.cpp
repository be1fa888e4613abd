#include "jacobench/fit/penalised_jacobian.hpp"

#include <algorithm>

#include "jacobench/base/machine_memory.hpp"

namespace jacobench {
namespace {

// Observations whose passes take so much memory (jacobian/held_products.hpp).
Index rows_within(double memory, const Perceptron& network, Index n_observations) {
  Index n_units = network.n_inputs();
  for (const Layer& layer : network.layers()) n_units += layer.n_units;
  const auto numbers = static_cast<double>((10 + 2 * network.n_outputs()) * n_units);
  const double fitting = memory / (numbers * sizeof(double));
  return static_cast<Index>(
      std::clamp(fitting, 1.0, static_cast<double>(std::max<Index>(n_observations, 1))));
}

}  // namespace

double PenalisedJacobian::usual_memory() { return machine_memory() / 32; }

PenalisedJacobian::PenalisedJacobian(const Perceptron& network, Index n_observations, double memory)
    : batch_(rows_within(memory, network, n_observations)), products_(network, batch_) {}

// Calls use(first, n) for one batch after the other, at which the products are.
template <class Use>
void PenalisedJacobian::for_each_batch(const Use& use) {
  for (Index first = 0; first < X_.rows(); first += batch_) {
    const Index n = std::min(batch_, X_.rows() - first);
    if (n < X_.rows()) products_.move_to(theta_, X_.middleRows(first, n));
    use(first, n);
  }
}

// The rows of what `compute` leaves for the outputs of each batch.
template <class Compute>
void PenalisedJacobian::collect_rows(const Compute& compute, Vector& rows) {
  rows.resize(row_map_.n_rows());
  auto all = rows.reshaped(row_map_.factors.rows(), row_map_.factors.cols());
  for_each_batch([&](Index first, Index n) {
    compute();
    row_map_.apply(of_batch_, first);
    all.middleRows(first, n) = of_batch_;
  });
}

void PenalisedJacobian::move_to(const Vector& theta, const Matrix& X, const RowMap& rows) {
  theta_ = theta;
  X_ = X;
  row_map_ = rows;
  if (X_.rows() <= batch_) products_.move_to(theta_, X_);
}

void PenalisedJacobian::set_diagonals(const Vector& B, const Vector& S) {
  root_of_B_ = B.cwiseSqrt();
  S_ = S;
}

void PenalisedJacobian::jacobian_times(const Vector& v, Vector& J_v) {
  collect_rows([&] { products_.times(v, of_batch_); }, J_v);
}

void PenalisedJacobian::jacobian_transposed_times(const Vector& u, Vector& J_t_u) {
  J_t_u.setZero(theta_.size());
  const auto all = u.reshaped(row_map_.factors.rows(), row_map_.factors.cols());
  for_each_batch([&](Index first, Index n) {
    of_batch_ = all.middleRows(first, n);
    row_map_.apply_transposed(of_batch_, first);
    products_.transposed_times(of_batch_, part_);
    J_t_u += part_;
  });
}

Vector PenalisedJacobian::squared_columns() {
  Vector sums = Vector::Zero(theta_.size());
  for_each_batch([&](Index first, Index n) {
    of_batch_ = row_map_.factors.middleRows(first, n).cwiseAbs2();
    products_.squared_columns(of_batch_, part_);
    sums += part_;
  });
  return sums;
}

void PenalisedJacobian::along(const Vector& v, Vector& second) {
  collect_rows(
      [&] {
        products_.times(v, of_batch_);
        products_.along(v, of_batch_);
      },
      second);
}

void PenalisedJacobian::times(const Vector& x, Vector& A_x) {
  scaled_ = S_.cwiseProduct(x);
  jacobian_times(scaled_, part_);
  A_x.resize(row_map_.n_rows() + x.size());
  A_x << part_, root_of_B_.cwiseProduct(scaled_);
}

void PenalisedJacobian::transposed_times(const Vector& y, Vector& A_t_y) {
  jacobian_transposed_times(y.head(row_map_.n_rows()), A_t_y);
  A_t_y += root_of_B_.cwiseProduct(y.tail(A_t_y.size()));
  A_t_y.array() *= S_.array();
}

}  // namespace jacobench
