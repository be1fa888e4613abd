#include "jacobench/fit/matrix_free_factor.hpp"

#include <cmath>
#include <vector>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/machine_memory.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/base/statistics.hpp"
#include "jacobench/fit/dual_factor.hpp"
#include "jacobench/fit/step_form.hpp"

namespace jacobench {
namespace {

constexpr int fewest_signs = 10, most_signs = 100;
constexpr double accuracy_of_trace = 0.01;
constexpr double accuracy_of_signs = 1e-3;

}  // namespace

MatrixFreeFactor::MatrixFreeFactor(const Perceptron& network, const Vector& K, Index n_observations)
    : K_(K), J_(network, n_observations) {}

void MatrixFreeFactor::move_to(const Vector& theta, const Matrix& X, const RowMap& rows) {
  J_.move_to(theta, X, rows);
  const Vector diagonal = (K_.array() > 0).select(K_, J_.squared_columns());
  J_.set_diagonals(K_, (diagonal.array() > 0).select(diagonal.cwiseSqrt().cwiseInverse(), 0));
}

bool MatrixFreeFactor::solve(const Vector& v, double accuracy, Vector& d, Vector& w) {
  JB_EXPECT((K_.array() > 0).all(), "a parameter has no penalty");
  const Index n = J_.n_rows_of_data();
  right_.setZero(n + K_.size());
  right_.tail(K_.size()) = v.cwiseQuotient(K_.cwiseSqrt());
  const LsmrEnd end = lsmr_.solve(
      J_, right_,
      [&](double gradient, const Vector&, const Vector& A_x) {
        return gradient <= accuracy * A_x.head(n).norm();
      },
      Lsmr::most_iterations);
  d = J_.scale().cwiseProduct(lsmr_.x());
  w = lsmr_.A_x().head(n);
  return end.is_enough;
}

HatTrace MatrixFreeFactor::estimate_trace() {
  const Index n = J_.n_rows_of_data();
  RandomStream stream(0, 0, 0, RandomPurpose::simulation);
  std::vector<double> forms;
  HatTrace trace{0, 0};
  right_.setZero(n + K_.size());
  while (forms.size() < most_signs) {
    for (Index i = 0; i < n; ++i) right_[i] = stream.uniform() < 0.5 ? -1 : 1;
    const double enough = accuracy_of_signs * std::sqrt(static_cast<double>(n));
    lsmr_.solve(
        J_, right_, [&](double gradient, const Vector&, const Vector&) { return gradient <= enough; },
        Lsmr::most_iterations);
    forms.push_back(right_.head(n).dot(lsmr_.A_x().head(n)));
    const Eigen::Map<const Vector> all(forms.data(), std::ssize(forms));
    trace.value = all.mean();
    if (forms.size() < fewest_signs) continue;
    trace.standard_error = standard_deviation(all) / std::sqrt(static_cast<double>(forms.size()));
    if (trace.standard_error <= accuracy_of_trace * (static_cast<double>(n) - trace.value)) break;
  }
  return trace;
}

HatTrace trace_of_hat(const Perceptron& network, const Vector& K, const Vector& theta, const Matrix& X,
                      const RowMap& rows) {
  if (DualFactor::is_possible(network, K) &&
      memory_of_step(network, K, rows.n_rows(), StepForm::dual) < machine_memory() / 2) {
    DualFactor dual(network, K, X.rows());
    if (dual.move_to(theta, X, rows) && dual.factorise_undamped()) return {dual.trace_h()};
  }
  MatrixFreeFactor factor(network, K, X.rows());
  factor.move_to(theta, X, rows);
  return factor.estimate_trace();
}

}  // namespace jacobench
