#include "support/verdict.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "jacobench/verification/error_bound.hpp"

namespace jacobench::testing {
namespace {

Verdict not_promised(std::string why) {
  return {.outcome = Verdict::Outcome::not_promised, .error_over_promise = 0, .text = std::move(why)};
}

std::string describe(const Scenario& s, Wrt wrt, const WorstEntry& worst, double computed, double truth,
                     double bound) {
  const Index n_rows = s.X.rows();
  return fmt::format(
      "worst entry: d y{} / d {} of observation {} (row {}, column {}): computed {:.17g}, "
      "reference {:.17g}, |difference| is {:.3g} of the bound {:.3g}",
      worst.row / n_rows, column_name(s.network, wrt, worst.column), worst.row % n_rows, worst.row,
      worst.column, computed, truth, worst.ratio, bound);
}

double presumed_ratio_of_value_to_row() { return 16; }

}  // namespace

std::string column_name(const Perceptron& network, Wrt wrt, Index column) {
  if (wrt == Wrt::inputs) return fmt::format("x{}", column);
  const ParameterPlace place = network.place_of(column);
  return place.is_bias() ? fmt::format("b{}({})", place.layer, place.unit)
                         : fmt::format("W{}({},{})", place.layer, place.unit, place.input);
}

Matrix jacobian_by(const StrategyInfo& strategy, const StrategyOptions& options, const Scenario& s, Wrt wrt) {
  const Index n_rows = s.X.rows() * s.network.n_outputs();
  // What a strategy leaves unwritten must not pass for zero.
  Matrix J = Matrix::Constant(n_rows, wrt == Wrt::parameters ? s.network.n_params() : s.network.n_inputs(),
                              std::numeric_limits<double>::quiet_NaN());
  const auto evaluator = strategy.make(s.network, s.X.rows(), options);
  evaluator->evaluate(s.theta, s.X, wrt == Wrt::parameters ? Outputs{.J_y_theta = &J} : Outputs{.J_y_x = &J});
  return J;
}

WorstEntry worst_entry(const Matrix& J, const ReferenceMatrix& reference, const Matrix& bound) {
  WorstEntry worst;
  for (Index j = 0; j < J.cols(); ++j)
    for (Index i = 0; i < J.rows(); ++i) {
      const double error = reference.error(J(i, j), i, j);
      const double ratio = error == 0 ? 0 : error / bound(i, j);
      if (ratio > worst.ratio || std::isnan(ratio))
        worst = {std::isnan(ratio) ? std::numeric_limits<double>::infinity() : ratio, i, j};
    }
  return worst;
}

Verdict judge(const StrategyInfo& strategy, const StrategyOptions& options, const Scenario& s, Wrt wrt) {
  const Reference& reference = reference_of(s);
  const ReferenceMatrix& truth = wrt == Wrt::parameters ? reference.J_y_theta : reference.J_y_x;
  Matrix bound;
  if (strategy.is_numeric()) {
    if (s.on_kink) return not_promised("nothing is promised where a step straddles a kink");
    const double step = options.relative_step.value_or(*strategy.default_relative_step);
    const std::optional<double> promise = strategy.numeric_promise(s.network, step, steepness(s, wrt));
    if (!promise) return not_promised("nothing is promised for this network and step");
    const Vector row_norms = truth.high.rowwise().stableNorm();
    for (Index row = 0; row < row_norms.size(); ++row)
      if (std::abs(reference.values.high.reshaped()[row]) > presumed_ratio_of_value_to_row() * row_norms[row])
        return not_promised(
            fmt::format("|y| = {:.3g} in row {} is beyond what the promise presumes beside a row of "
                        "J of norm {:.3g}",
                        std::abs(reference.values.high.reshaped()[row]), row, row_norms[row]));
    bound = (*promise * row_norms).replicate(1, truth.high.cols());
  } else {
    bound = error_scales(s.network, s.theta, s.X, strategy.summation, wrt).bound;
  }
  const Matrix J = jacobian_by(strategy, options, s, wrt);
  const WorstEntry worst = worst_entry(J, truth, bound);
  return {.outcome = worst.ratio <= 1 ? Verdict::Outcome::kept : Verdict::Outcome::broken,
          .error_over_promise = worst.ratio,
          .text = describe(s, wrt, worst, J(worst.row, worst.column), truth.high(worst.row, worst.column),
                           bound(worst.row, worst.column))};
}

}  // namespace jacobench::testing
