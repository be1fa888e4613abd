#include "jacobench/jacobian/strategy.hpp"

#include <array>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/jacobian/ceres_numeric.hpp"
#include "jacobench/jacobian/layerwise.hpp"
#include "jacobench/jacobian/per_parameter.hpp"

namespace jacobench {
namespace {

void expect_shape(const Matrix* matrix, Index rows, Index cols, std::string_view name) {
  JB_EXPECT(matrix == nullptr || (matrix->rows() == rows && matrix->cols() == cols),
            "{} is {} x {}, want {} x {}", name, matrix->rows(), matrix->cols(), rows, cols);
}

constexpr std::array with_respect_to{
    WrtInfo{Wrt::parameters, "parameters", "weights and biases, in the order of theta"},
    WrtInfo{Wrt::inputs, "inputs", "the inputs of each observation"},
};

constexpr std::array table{
    StrategyInfo{.name = "per_parameter",
                 .summary = "analytic, one parameter at a time: the definition, written to be read",
                 .summation = PathSummation::from_parameter,
                 .default_relative_step = {},
                 .numeric_promise = nullptr,
                 .make = make_per_parameter},
    StrategyInfo{.name = "layerwise",
                 .summary = "analytic, whole batches: one forward and one backward pass, column products",
                 .summation = PathSummation::from_outputs,
                 .default_relative_step = {},
                 .takes_threads = true,
                 .numeric_promise = nullptr,
                 .make = make_layerwise},
    StrategyInfo{.name = "ceres_forward",
                 .summary = "numeric: Ceres forward differences",
                 .summation = PathSummation::differences,
                 .default_relative_step = 1e-8,
                 .numeric_promise = promise_ceres_forward,
                 .make = make_ceres_forward},
    StrategyInfo{.name = "ceres_central",
                 .summary = "numeric: Ceres central differences",
                 .summation = PathSummation::differences,
                 .default_relative_step = 1e-5,
                 .numeric_promise = promise_ceres_central,
                 .make = make_ceres_central},
    StrategyInfo{.name = "ceres_ridders",
                 .summary = "numeric: Ceres Ridders extrapolation of central differences",
                 .summation = PathSummation::differences,
                 .default_relative_step = 1e-2,
                 .numeric_promise = promise_ceres_ridders,
                 .make = make_ceres_ridders},
};

}  // namespace

std::span<const WrtInfo> wrt_table() { return with_respect_to; }

const WrtInfo& info(Wrt wrt) { return with_respect_to[static_cast<std::size_t>(wrt)]; }

Index n_columns(const Perceptron& network, Wrt wrt) {
  return wrt == Wrt::parameters ? network.n_params() : network.n_inputs();
}

void Evaluator::evaluate(const VectorView& theta, const MatrixView& X, const Outputs& out) {
  const Index n_rows = X.rows();
  network_.expect_shapes(theta, X);
  JB_EXPECT(n_rows <= max_rows_, "X has {} rows, prepared for {}", n_rows, max_rows_);
  const Index n_outputs = network_.n_outputs();
  expect_shape(out.values, n_rows, n_outputs, "values");
  expect_shape(out.J_y_theta, n_rows * n_outputs, network_.n_params(), "J_y_theta");
  expect_shape(out.J_y_x, n_rows * n_outputs, network_.n_inputs(), "J_y_x");
  if (n_rows > 0) compute(theta, X, out);
}

std::span<const StrategyInfo> strategy_table() { return table; }

const StrategyInfo& find_strategy(std::string_view name) {
  return find_by_name(strategy_table(), name, "strategy");
}

Matrix jacobian(const Perceptron& network, const VectorView& theta, const MatrixView& X, Wrt wrt) {
  Matrix J(X.rows() * network.n_outputs(), n_columns(network, wrt));
  Outputs out;
  (wrt == Wrt::parameters ? out.J_y_theta : out.J_y_x) = &J;
  find_strategy("layerwise").make(network, X.rows(), {})->evaluate(theta, X, out);
  return J;
}

std::unique_ptr<Evaluator> make_evaluator(const JacobianChoice& choice, const Perceptron& network,
                                          Index max_rows) {
  return find_strategy(choice.strategy).make(network, max_rows, choice.options);
}

}  // namespace jacobench
