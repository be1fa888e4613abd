#include <cmath>
#include <limits>

#include <ceres/tiny_solver.h>

#include "jacobench/fit/solvers.hpp"

namespace jacobench {
namespace {

// What ceres::TinySolver asks of a function.
class TinyFunction {
 public:
  using Scalar = double;
  enum { NUM_RESIDUALS = Eigen::Dynamic, NUM_PARAMETERS = Eigen::Dynamic };

  explicit TinyFunction(Residuals& residuals) : residuals_(residuals) {}

  int NumResiduals() const { return static_cast<int>(residuals_.n_rows()); }
  int NumParameters() const { return static_cast<int>(residuals_.n_params()); }

  bool operator()(const double* tau, double* r, double* J) const {
    return residuals_.evaluate(Eigen::Map<const Vector>(tau, residuals_.n_params()), r, J);
  }

 private:
  Residuals& residuals_;
};

}  // namespace

Descent descend(Residuals& residuals, Vector tau, Index max_iterations, double trust_radius) {
  Vector r(residuals.n_rows());
  if (!residuals.evaluate(tau, r.data(), nullptr))
    return {std::move(tau), std::numeric_limits<double>::infinity(), 0};
  ceres::TinySolver<TinyFunction> solver;
  // Its tests on the gradient and on the cost are absolute ones; a step that is lost in tau is the end whatever the
  // units.
  solver.options.max_num_iterations = static_cast<int>(max_iterations);
  solver.options.gradient_tolerance = 0;
  solver.options.function_tolerance = 0;
  solver.options.cost_threshold = 0;
  solver.options.parameter_tolerance = 1e-9;
  solver.options.initial_trust_region_radius = trust_radius;
  const TinyFunction function(residuals);
  const auto& summary = solver.Solve(function, &tau);
  const bool finite = residuals.evaluate(tau, r.data(), nullptr);
  return {std::move(tau), finite ? r.squaredNorm() : std::numeric_limits<double>::infinity(),
          summary.iterations};
}

}  // namespace jacobench
