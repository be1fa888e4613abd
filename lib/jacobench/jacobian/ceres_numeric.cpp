#include "jacobench/jacobian/ceres_numeric.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <ceres/dynamic_numeric_diff_cost_function.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/network/forward_pass.hpp"

namespace jacobench {
namespace {

// The factor, a power of two, by which a variable is scaled so that Ceres' floor sqrt(eps) on the step of the scaled
// variable is the wanted floor `relative_step` on the variable itself, up to a factor of sqrt(2). Ridders' floor is
// the relative step already, as long as that is above sqrt(eps).
double scale_for(ceres::NumericDiffMethodType method, double relative_step) {
  const double floor = std::sqrt(std::numeric_limits<double>::epsilon());
  if (method == ceres::RIDDERS && relative_step >= floor) return 1;
  return std::exp2(std::round(std::log2(floor / relative_step)));
}

template <ceres::NumericDiffMethodType method>
class CeresNumeric final : public Evaluator {
 public:
  CeresNumeric(const Perceptron& network, Index max_rows, double relative_step)
      : Evaluator(network, max_rows),
        scale_(scale_for(method, relative_step)),
        pass_(network, max_rows),
        theta_(network.n_params()),
        x_(1, network.n_inputs()),
        values_(max_rows * network.n_outputs()) {
    JB_EXPECT(relative_step > 0 && std::isfinite(relative_step), "relative_step is {}", relative_step);
    options_.relative_step_size = relative_step;
    options_.ridders_relative_initial_step_size = relative_step;
  }

  EvaluationCounts counts() const override { return pass_.counts(); }

 private:
  void compute(const VectorView& theta, const MatrixView& X, const Outputs& out) override {
    const Index n_values = X.rows() * network().n_outputs();
    if (out.J_y_theta)
      differentiate(theta, n_values, *out.J_y_theta, 0, 1, [&](double const* const* scaled, double* values) {
        for (Index p = 0; p < theta_.size(); ++p) theta_[p] = scaled[p][0] / scale_;
        write_outputs(theta_, X, values);
        return true;
      });
    // Ceres evaluates the network at the point itself as well: those are the values.
    if (out.J_y_x)
      for (Index n = 0; n < X.rows(); ++n) {
        differentiate(X.row(n), network().n_outputs(), *out.J_y_x, n, X.rows(),
                      [&](double const* const* scaled, double* values) {
                        for (Index d = 0; d < x_.cols(); ++d) x_(0, d) = scaled[d][0] / scale_;
                        write_outputs(theta, x_, values);
                        return true;
                      });
        if (out.values) out.values->row(n) = values_.head(network().n_outputs()).transpose();
      }
    else if (out.values) {
      if (!out.J_y_theta) write_outputs(theta, X, values_.data());
      *out.values = Eigen::Map<const Matrix>(values_.data(), X.rows(), network().n_outputs());
    }
  }

  void write_outputs(const VectorView& theta, const MatrixView& X, double* values) {
    pass_.run(theta, X, 0, X.rows(), Slopes::none);
    Eigen::Map<Matrix>(values, X.rows(), network().n_outputs()) = pass_.outputs().rows(X.rows());
  }

  // The derivatives of n_values values at `at`, one column of J a variable, into the rows first_row,
  // first_row + row_step, ... of J.
  template <class At, class Function>
  void differentiate(const At& at, Index n_values, Matrix& J, Index first_row, Index row_step,
                     const Function& function) {
    ceres::DynamicNumericDiffCostFunction<Function, method> cost(&function, ceres::DO_NOT_TAKE_OWNERSHIP,
                                                                 options_);
    std::vector<double> scaled(static_cast<std::size_t>(at.size()));
    std::vector<const double*> blocks;
    Matrix derivatives(n_values, at.size());
    std::vector<double*> columns;
    for (Index p = 0; p < at.size(); ++p) {
      scaled[static_cast<std::size_t>(p)] = at[p] * scale_;
      blocks.push_back(&scaled[static_cast<std::size_t>(p)]);
      columns.push_back(derivatives.col(p).data());
      cost.AddParameterBlock(1);
    }
    cost.SetNumResiduals(static_cast<int>(n_values));
    JB_EXPECT(cost.Evaluate(blocks.data(), values_.data(), columns.data()), "Ceres could not differentiate");
    for (Index p = 0; p < at.size(); ++p)
      for (Index v = 0; v < n_values; ++v) J(first_row + v * row_step, p) = derivatives(v, p) * scale_;
  }

  const double scale_;
  ceres::NumericDiffOptions options_;
  ForwardPass pass_;
  Vector theta_;
  Matrix x_;
  Vector values_;
};

template <ceres::NumericDiffMethodType method>
std::unique_ptr<Evaluator> make(const Perceptron& network, Index max_rows, double relative_step) {
  return std::make_unique<CeresNumeric<method>>(network, max_rows, relative_step);
}

double own_step(std::string_view strategy) { return *find_strategy(strategy).default_relative_step; }

// Whether phi' or, above first order, phi'' jumps at zero, the only place where any activation does.
bool has_kink(const Perceptron& network, int order) {
  return std::any_of(network.layers().begin(), network.layers().end(), [&](const Layer& layer) {
    const ActivationInfo& phi = info(layer.activation);
    const double z[] = {-std::numeric_limits<double>::min(), std::numeric_limits<double>::min()};
    double a[2], d[2], d2[2];
    phi.all(z, a, d, d2, 2);
    return phi.slope_jump != 0 || (order > 1 && std::abs(d2[1] - d2[0]) > 0x1p-26);
  });
}

std::optional<double> promise(const Perceptron& network, double relative_step, double truncation, int order) {
  constexpr double allowance = 1024;
  if (has_kink(network, order)) return {};
  return allowance * (truncation + unit_roundoff / relative_step);
}

}  // namespace

std::unique_ptr<Evaluator> make_ceres_forward(const Perceptron& network, Index max_rows,
                                              const StrategyOptions& options) {
  return make<ceres::FORWARD>(network, max_rows, options.relative_step.value_or(own_step("ceres_forward")));
}

std::unique_ptr<Evaluator> make_ceres_central(const Perceptron& network, Index max_rows,
                                              const StrategyOptions& options) {
  return make<ceres::CENTRAL>(network, max_rows, options.relative_step.value_or(own_step("ceres_central")));
}

std::unique_ptr<Evaluator> make_ceres_ridders(const Perceptron& network, Index max_rows,
                                              const StrategyOptions& options) {
  return make<ceres::RIDDERS>(network, max_rows, options.relative_step.value_or(own_step("ceres_ridders")));
}

std::optional<double> promise_ceres_forward(const Perceptron& network, double relative_step,
                                            double steepness) {
  return promise(network, relative_step, steepness * relative_step, 1);
}

std::optional<double> promise_ceres_central(const Perceptron& network, double relative_step,
                                            double steepness) {
  return promise(network, relative_step, std::pow(steepness * relative_step, 2), 2);
}

std::optional<double> promise_ceres_ridders(const Perceptron& network, double relative_step,
                                            double steepness) {
  const double first_step = 32 * relative_step;
  if (first_step * steepness >= 1) return {};
  return promise(network, relative_step, std::pow(steepness * first_step, 4) / 480, 4);
}

}  // namespace jacobench
