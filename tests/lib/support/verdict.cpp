#include "support/verdict.hpp"

#include <limits>

#include <fmt/format.h>

#include "jacobench/files/jacobian_stream.hpp"
#include "jacobench/network/entry_names.hpp"

namespace jacobench::testing {

std::string column_name(const Perceptron& network, Wrt wrt, Index column) {
  return wrt == Wrt::parameters ? parameter_name(network, column) : input_name(column);
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

Verdict judge(const StrategyInfo& strategy, const StrategyOptions& options, const Scenario& s, Wrt wrt) {
  if (strategy.is_numeric() && s.on_kink)
    return {.outcome = PromiseOutcome::not_promised,
            .error_over_promise = 0,
            .text = "nothing is promised where a step straddles a kink"};
  const JacobianOrigin origin{
      .strategy = strategy,
      .relative_step = options.relative_step,
      .steepness = strategy.is_numeric() ? std::optional(steepness(s, wrt)) : std::nullopt,
      .network = s.network,
      .theta = s.theta,
      .X = s.X,
      .wrt = wrt};
  const Matrix J = jacobian_by(strategy, options, s, wrt);
  const PromiseVerdict verdict = hold_to_promise(origin, J, reference_of(s));
  if (verdict.outcome == PromiseOutcome::not_promised)
    return {.outcome = verdict.outcome, .error_over_promise = 0, .text = verdict.why_not_promised};
  const Index row = verdict.errors.over_bound_row, column = verdict.errors.over_bound_column;
  const double ratio = *verdict.errors.max_over_bound;
  return {.outcome = verdict.outcome,
          .error_over_promise = ratio,
          .text = fmt::format(
              "worst entry: {}: computed {:.17g}, reference {:.17g}, |difference| is {:.3g} of the bound",
              entry_name(s.network, wrt, s.X.rows(), row, column), J(row, column),
              reference_of(s).jacobian(wrt).high(row, column), ratio)};
}

}  // namespace jacobench::testing
