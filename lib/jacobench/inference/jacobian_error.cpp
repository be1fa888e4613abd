#include "jacobench/inference/jacobian_error.hpp"

#include "jacobench/verification/error_bound.hpp"

namespace jacobench {

Matrix jacobian_errors(const Fit& fit, const MatrixView& X) {
  const StrategyInfo& strategy = find_strategy(fit.jacobian.strategy);
  const EntryScales scales = error_scales(fit.network, fit.theta, X, strategy.summation, Wrt::parameters);
  Matrix errors = unit_roundoff * scales.condition;
  if (!strategy.is_numeric()) return errors + scales.bound;
  const double step = fit.jacobian.options.relative_step.value_or(*strategy.default_relative_step);
  if (const auto promise = strategy.numeric_promise(fit.network, step, 1)) {
    const Vector values = evaluate(fit.network, fit.theta, X).reshaped();
    errors.colwise() += *promise * (scales.scale.rowwise().stableNorm() + values.cwiseAbs());
  }
  return errors;
}

}  // namespace jacobench
